/** What stands beside the conversation: the rooms, who is here, and under which name a guest takes part. */
import { avatar } from "./avatar.js";
import { $, h, icon, memory } from "./dom.js";

/** @returns {Promise<{name: string, title: string, kind: string, last_seq: number, archived: boolean, unread?: number}[]>}
 * rooms this visitor may enter, by title. Rejects when they cannot be had. */
export async function fetchRooms(identity) {
  const headers = identity.token ? { authorization: `Bearer ${identity.token}` } : {};
  const answer = await fetch("/api/v1/rooms?limit=100", { headers, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`rooms: ${answer.status}`);
  const { data } = await answer.json();
  return data.sort((one, other) => labelOf(one).localeCompare(labelOf(other)));
}

const labelOf = (room) => room.title || room.name;

/** A room that turned the visitor away is not on the list; one that let them in is, `rooms` being the first hundred. What
 * is archived is not, but for the room one is in. */
export function drawRooms(rooms, { room: current, loaded, state }, identity, words, choose) {
  const isMissing = loaded && state.state !== "stopped" && !rooms.some((room) => room.name === current);
  const open = rooms.filter((room) => !room.archived || room.name === current);
  const shown = isMissing ? [{ name: current, kind: "" }, ...open] : open;
  const list = $("room-list");
  const focused = list.contains(document.activeElement) && document.activeElement.search;
  list.replaceChildren(...shown.map((room) => {
    const here = room.name === current;
    const fresh = here ? 0 : unreadIn(room, identity);
    const click = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      choose(room.name);
    };
    const mark = fresh > 0 && h("span", { class: "tally", title: words.say("unreadRoom", { n: fresh }) }, fresh > 99 ? "99+" : `${fresh}`);
    const link = h("a", { href: `?room=${room.name}`, onclick: click }, icon(["private", "support"].includes(room.kind) ? "lock" : "hash"),
      h("bdi", {}, labelOf(room)), mark);
    if (here) link.setAttribute("aria-current", "page");
    return h("li", {}, link);
  }));
  if (focused) [...list.querySelectorAll("a")].find((link) => link.search === focused)?.focus();
}

/** As the server counts it; where it does not say, by what this browser has shown. */
function unreadIn(room, identity) {
  if (room.unread !== undefined) return room.unread ?? 0;
  const read = memory.get(`snug.read.${identity.id}.${room.name}`);
  return read === null ? 0 : Math.max(0, room.last_seq - Number(read));
}

export function drawPeople(conversation, words) {
  const { people, me } = conversation;
  const { count } = people;
  const names = [...people.here].sort(([a, x], [b, y]) => (b === me) - (a === me) || x.localeCompare(y));
  const rows = names.map(([id, name]) => h("li", {},
    avatar(id, name),
    h("bdi", { title: name }, name),
    id === me && " ",
    id === me && h("span", { class: "you" }, words.say("itsYou")),
    id !== me && id.startsWith("staff:") && h("span", { class: "badge" }, words.say("team"))));
  const more = count > names.length && h("li", { class: "more" }, words.say("more", { n: count - names.length }));
  const nobody = !count && h("li", { class: "more" }, words.say("nobody"));
  $("people-list").replaceChildren(...[...rows, more, nobody].filter(Boolean));
}

/** The one quiet line for guests: who they are, and a field for another name when they want one. */
export function drawGuest(identity, words, save) {
  const box = $("guest");
  box.hidden = identity.kind !== "guest";
  if (box.hidden) return;
  const { name, named } = identity;
  const change = h("button", { class: "link", type: "button", onclick: () => askName(identity, words, save) },
    words.say(named ? "changeName" : "addName"));
  box.replaceChildren(h("span", {}, name ? words.say("guestNamed", { name }) : words.say("guestAs")), " ", change);
}

function askName(identity, words, save) {
  const box = $("guest");
  const back = () => {
    drawGuest(identity, words, save);
    box.querySelector("button")?.focus();
  };
  const field = h("input", { class: "input", maxLength: 60, autocomplete: "nickname", placeholder: words.say("yourName"), value: identity.named ?? "", dir: "auto" });
  field.ariaLabel = words.say("yourName");
  const submit = async () => {
    const name = field.value.trim();
    if (!name) return back();
    button.disabled = true;
    box.querySelector(".error")?.remove();
    await save(name).catch(() => box.append(h("p", { class: "error", role: "alert" }, words.say("nameFailed"))));
    button.disabled = false;
  };
  const button = h("button", { class: "button small", type: "button", onclick: submit }, words.say("save"));
  const cancel = h("button", { class: "link", type: "button", onclick: back }, words.say("cancel"));
  field.onkeydown = (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape") {
      event.stopPropagation();
      back();
    }
  };
  box.replaceChildren(field, button, cancel);
  field.focus();
}
