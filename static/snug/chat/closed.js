/** What stands in place of the composer in a room where nobody, or not this visitor, may write. */
import { $, h, icon } from "./dom.js";

const MINUTE = 60_000;
const MONTH = 31 * 24 * 60 * MINUTE;

export function drawClosed(conversation, words) {
  const { writable, loaded, state, standing, partner, blocked } = conversation;
  const { archived, mutedUntil, told } = standing;
  const box = $("closed");
  const isShown = loaded && !writable && state.state !== "stopped";
  document.body.classList.toggle("closed", isShown);
  box.hidden = !isShown;
  const looks = isShown ? `${archived} ${mutedUntil} ${partner}` : "";
  if (box.dataset.looks === looks) return;
  box.dataset.looks = looks;
  if (archived) box.replaceChildren(icon("lock"), h("span", {}, words.say("archived")));
  else if (partner) blocked.part.drawClosed(box, partner, conversation);
  else if (isShown) box.replaceChildren(icon("clock"), h("span", {}, muted(mutedUntil, words)),
    told ? "" : h("button", { class: "link", type: "button", onclick: () => conversation.tryWriting() }, words.say("tryNow")));
}

function muted(until, words) {
  if (until - Date.now() > MONTH) return words.say("mutedOpen");
  const end = new Date(Math.ceil(until / MINUTE) * MINUTE); // a moment early would be a promise not kept
  const isToday = end.toDateString() === new Date().toDateString();
  return words.say("muted", { when: isToday ? words.time(end) : words.moment(end) });
}
