/** One row of the list, as an element. */
import { filesOf } from "./attach.js";
import { avatar } from "./avatar.js";
import { h, icon } from "./dom.js";
import { editor } from "./editor.js";
import { reactions, seenBy } from "./reactions.js";
import { beginning, isEmoji, pieces } from "./text.js";

const QUOTED = 120;

const BADGES = { "staff:": "team", "bot:": "bot" };

/** @returns {HTMLElement} a day line, the unread line, a line for what blocked people said, or a message */
export function drawRow(row, context) {
  if (row.kind === "day") return h("li", { class: "day" }, h("span", {}, context.words.day(row.at)));
  if (row.kind === "unread") return h("li", { class: "unread" }, h("span", {}, context.words.say("unreadLine")));
  return row.ids ? context.conversation.blocked.part.drawRun(row, context) : drawMessage(row, context);
}

/** What a row's look depends on; while it stays the same, its element does. */
export function looksOf({ kind, at, open, ids, first, pending, stored, message, readers, quoted }, { expanded, actions }) {
  if (kind !== "message") return `${at?.toDateString()} ${new Date().toDateString()} ${open} ${ids}`;
  const { rev, failure, delayed, message_id, client_id, looks, deleted } = message;
  if (message_id && actions.editing?.id === message_id) return "editing"; // whatever else happens, the field stays
  const seen = readers?.map(({ id, name }) => `${id} ${name}`);
  const asked = message_id && actions.asking?.id === message_id && actions.asking.ask;
  const now = [expanded.has(message_id ?? client_id), asked, actions.writable, left(message)];
  return [first, pending, stored, rev, deleted, failure, delayed, looks, quoted?.rev, quoted?.hidden, seen, ...now].join();
}

/** Seconds until a delayed message is tried again. */
export const left = ({ until = 0 }) => Math.max(0, Math.ceil((until - Date.now()) / 1000));

function drawMessage(row, context) {
  const { message, own, first, pending, readers } = row;
  const isEdited = message.message_id && context.actions.editing?.id === message.message_id;
  const classes = ["message", own && "own", first && "first", pending && "pending", message.delayed && "delayed", message.failure && "failed", message.saving && "saving"];
  const item = h("li", { class: classes.filter(Boolean).join(" ") });
  if (message.message_id) item.dataset.id = message.message_id;
  if (first) item.append(...byline(row, context));
  else if (nameOf(row, context)) item.append(h("span", { class: "visually-hidden" }, `${nameOf(row, context)}, ${context.words.time(row.at)}: `));
  if (row.quoted) item.append(quote(row.quoted, context));
  item.append(message.deleted ? h("p", { class: "gone" }, context.words.say("deleted"))
    : isEdited ? editor(message, context) : bubble(row, context));
  if (message.reactions?.length) item.append(reactions(message, context));
  if (pending) item.append(status(message, context));
  if (message.trouble) item.append(trouble(message, context));
  if (context.actions.asking?.id === message.message_id && !pending) item.append(question(message, context));
  if (readers) item.append(seenBy(readers, context));
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

function bubble(row, context) {
  const { message, stored } = row;
  const id = message.message_id ?? message.client_id;
  const text = message.message;
  const short = context.expanded.has(id) ? null : beginning(text);
  const body = h("div", { class: isEmoji(text) ? "bubble emoji" : "bubble", dir: "auto" }, ...linked(short ?? text));
  if (message.files) body.append(filesOf(message.files, context));
  if (short ?? context.expanded.has(id)) body.append(more(id, short, text, context));
  if (message.edited_at || message.saving) body.append(" ", edited(message, context));
  const own = tools(row, context);
  const line = h("div", { class: "line" }, body, stored && tick(context), own);
  line.addEventListener("hold", () => context.actions.open(message, own.querySelector("button")));
  return line;
}

function edited({ edited_at, saving }, { words }) {
  if (saving) return h("span", { class: "edited" }, words.say("saving"));
  return h("time", { class: "edited", dateTime: edited_at, title: words.moment(new Date(edited_at)) }, `(${words.say("edited")})`);
}

/** What a message answers, where that is in sight; a deleted one is still answered. */
function quote({ message, files, deleted, hidden, username }, { words }) {
  if (deleted || hidden) return h("p", { class: "quote" }, words.say(deleted ? "deleted" : "hidden", { n: 1 }));
  return h("p", { class: "quote" }, h("bdi", {}, username), " ", h("span", { dir: "auto" }, (message || files?.[0].name || "").slice(0, QUOTED)));
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

function tools({ message, at }, { words, actions }) {
  const tool = (name, label, focus, act) => {
    const button = h("button", { class: `tool ${name}`, type: "button", title: label, "aria-haspopup": "menu", "aria-expanded": "false" }, icon(name));
    button.onclick = () => act(button);
    button.ariaLabel = label;
    button.dataset.focus = focus;
    return button;
  };
  const time = h("time", { dateTime: at.toISOString(), "aria-hidden": "true" }, words.time(at));
  const dots = tool("dots", words.say("actions"), "dots", (button) => actions.open(message, button));
  const smile = message.message_id && actions.writable
    && tool("smile", words.say("react"), "smile", (button) => actions.open(message, button, true));
  if (smile) smile.tabIndex = -1; // the menu holds the same emoji: one stop a message is enough for the keyboard
  return h("span", { class: "tools" }, dots, smile, time);
}

function question(message, { actions }) {
  const { ask, yes, no } = actions.asking;
  const answers = [...yes, { text: no, look: "link", act: () => actions.leave(message) }];
  const buttons = answers.map(({ text, look, act }) => h("button", { class: look, type: "button", onclick: act }, text));
  const box = h("p", { class: "status ask", role: "group" }, h("span", {}, ask), ...buttons);
  box.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    actions.leave(message);
  };
  box.ariaLabel = ask;
  return box;
}

/** A change that was refused, in the server's words; what was typed is not lost. */
function trouble(message, { words, actions }) {
  const { key, text, draft } = message.trouble;
  if (key === "reported") return h("p", { class: "status", role: "status" }, icon("check"), words.say(key));
  const again = draft !== undefined && actions.writable
    && h("button", { class: "link", type: "button", onclick: () => actions.edit(message, draft) }, words.say("editAgain"));
  return h("p", { class: "status trouble", role: "alert" }, icon("alert"), h("span", {}, words.say(key), " ", h("bdi", {}, text), " ", again || ""));
}

function status(item, { words, actions, retry, discard }) {
  const { client_id, failure, delayed, reason } = item;
  const wait = delayed && left(item) > 0 && h("b", { "aria-hidden": "true" }, words.seconds(left(item)));
  if (!failure) return h("p", { class: "status" }, icon("clock"), h("span", {}, words.refusal(delayed) ?? words.say("sending")), wait);
  return h("p", { class: "status" }, icon("alert"), h("span", {}, ...whyNot(item, words)),
    actions.writable && h("button", { class: "link", type: "button", onclick: () => retry(client_id) }, words.say("retry")),
    h("button", { class: "link", type: "button", onclick: () => discard(client_id) }, words.say("discard")));
}

// Where a rule of the workspace is against it, the server says so in words of its own.
const whyNot = ({ failure, reason }, words) => {
  const known = words.refusal(failure);
  return known ? [known] : [words.say("notSent"), " ", reason ? h("bdi", {}, reason) : ""];
};

const nameOf = ({ own, message }, { words }) => (own ? words.say("you") : message.username ?? "");
