/** One row of the list, as an element. */
import { announce, h, icon } from "./dom.js";
import { beginning, hueOf, initials, isEmoji, pieces } from "./text.js";

const BADGES = { "staff:": "team", "bot:": "bot" };

/** @returns {HTMLElement} a day line, the unread line, or a message */
export function drawRow(row, context) {
  if (row.kind === "day") return h("li", { class: "day" }, h("span", {}, context.words.day(row.at)));
  if (row.kind === "unread") return h("li", { class: "unread" }, h("span", {}, context.words.say("unreadLine")));
  return drawMessage(row, context);
}

/** What a row's look depends on; while it stays the same, its element does. */
export function looksOf({ kind, at, first, pending, stored, message }, { expanded }) {
  if (kind !== "message") return `${at?.toDateString()} ${new Date().toDateString()}`;
  const { rev, failure, delayed, message_id, client_id } = message;
  return [first, pending, stored, rev, failure, delayed, expanded.has(message_id ?? client_id)].join();
}

function drawMessage(row, context) {
  const { message, own, first, pending } = row;
  const classes = ["message", own && "own", first && "first", pending && "pending", message.failure && "failed"];
  const item = h("li", { class: classes.filter(Boolean).join(" ") });
  if (first) item.append(...byline(row, context));
  else item.append(h("span", { class: "visually-hidden" }, `${nameOf(row, context)}, ${context.words.time(row.at)}: `));
  item.append(message.deleted ? h("p", { class: "bubble gone" }, context.words.say("deleted")) : bubble(row, context));
  if (message.reactions?.length) item.append(reactions(message));
  if (pending) item.append(status(message, context));
  return item;
}

function byline(row, { words }) {
  const { message, own, at } = row;
  const prefix = Object.keys(BADGES).find((start) => row.author.startsWith(start));
  const time = h("time", { dateTime: at.toISOString(), title: words.moment(at) }, words.time(at));
  if (own) return [h("p", { class: "byline" }, h("span", { class: "visually-hidden" }, words.say("you")), time)];
  if (!message.username) return []; // deleted before we came: nobody knows whose it was
  const name = h("bdi", { class: "author", title: message.username }, message.username);
  const badge = prefix && h("span", { class: "badge" }, words.say(BADGES[prefix]));
  return [avatar(row.author, message.username), h("p", { class: "byline" }, name, badge, time)];
}

export function avatar(id, name) {
  const circle = h("span", { class: "avatar", "aria-hidden": "true" }, initials(name));
  circle.style.setProperty("--hue", hueOf(id));
  return circle;
}

function bubble(row, context) {
  const { message, at, stored } = row;
  const id = message.message_id ?? message.client_id;
  const text = message.message;
  const short = context.expanded.has(id) ? null : beginning(text);
  const body = h("div", { class: isEmoji(text) ? "bubble emoji" : "bubble", dir: "auto" }, ...linked(short ?? text));
  if (short ?? context.expanded.has(id)) body.append(more(id, short, text, context));
  if (message.edited_at) body.append(" ", h("span", { class: "edited" }, context.words.say("edited")));
  return h("div", { class: "line" }, body, stored && tick(context), tools(text, at, context));
}

function tick({ words }) {
  const label = words.say("stored");
  return h("span", { class: "stored", role: "img", ariaLabel: label, title: label }, icon("check"));
}

const linked = (text) => pieces(text).map(({ text: part, href }) =>
  href ? h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, part) : part);

function more(id, short, text, { words, expanded, redraw }) {
  const label = short ? words.say("showAll", { n: [...text].length }) : words.say("showLess");
  const turn = () => {
    if (short) expanded.add(id);
    else expanded.delete(id);
    redraw();
  };
  return h("button", { class: "link more", type: "button", onclick: turn }, label);
}

function tools(text, at, { words }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return; // the page that holds the frame does not allow it
    }
    announce(words.say("copied"));
    button.replaceChildren(icon("check"));
    setTimeout(() => button.replaceChildren(icon("copy")), 1_500);
  };
  const button = h("button", { class: "tool", type: "button", title: words.say("copy"), onclick: copy }, icon("copy"));
  button.ariaLabel = words.say("copy");
  const time = h("time", { dateTime: at.toISOString(), "aria-hidden": "true" }, words.time(at));
  return h("span", { class: "tools" }, navigator.clipboard ? button : null, time);
}

function reactions({ reactions: all }) {
  return h("p", { class: "reactions" }, ...all.map(({ emoji, count }) => h("span", {}, emoji, " ", h("b", {}, `${count}`))));
}

function status({ client_id, failure, delayed }, { words, retry, discard }) {
  if (!failure) return h("p", { class: "status" }, icon("clock"), delayed ? words.refusal(delayed) : words.say("sending"));
  return h("p", { class: "status" }, icon("alert"), h("span", {}, words.refusal(failure)),
    h("button", { class: "link", type: "button", onclick: () => retry(client_id) }, words.say("retry")),
    h("button", { class: "link", type: "button", onclick: () => discard(client_id) }, words.say("discard")));
}

const nameOf = ({ own, message }, { words }) => (own ? words.say("you") : message.username ?? "");
