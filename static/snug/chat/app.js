/** The chat page: puts the visitor, a room and the parts of the page together. */
import { Blocked } from "./blocked.js";
import { drawClosed } from "./closed.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { $, announce } from "./dom.js";
import { Host } from "./host.js";
import { forgetToken, identify, rename } from "./identity.js";
import { MessageList } from "./messages.js";
import { Notice } from "./notice.js";
import { drawGuest, drawPeople, drawRooms, fetchRooms } from "./sides.js";
import { speak } from "./words.js";

const config = JSON.parse($("config").textContent);
const words = speak(config.words, config.language);
const host = config.parent ? new Host(config.parent) : null;
const notice = new Notice(words, config.tenant);
const wide = matchMedia("(min-width: 1000px)");

let identity;
let blocked;
let rooms = [];
let conversation;
let list;
let composer;

let starts = 0;

/** Find out who the visitor is, and take them in. Once more when that changes, or did not work. */
async function start() {
  const turn = ++starts;
  conversation?.close();
  $("stop").hidden = true;
  $("blocked")?.remove(); // it names people, and somebody else may be here now
  try {
    const found = await identify(config, host);
    if (turn !== starts) return;
    identity = found;
  } catch (error) {
    return turn === starts && notice.stop(error.key ?? "unreachable", { retry: start });
  }
  if (!config.room) return notice.stop("broken");
  rooms = [];
  const mine = (blocked = new Blocked(config.others, words));
  mine.on("change", () => mine === blocked && conversation.goOn());
  enter(conversation?.room ?? config.room);
  blocked.learn(conversation);
  await learnRooms();
}

/** Rooms come and go while the chat is open. Those known stay where the list cannot be had. */
async function learnRooms() {
  const asked = identity;
  const found = await fetchRooms(asked).catch(() => rooms);
  if (asked !== identity) return;
  rooms = found;
  conversation.learn(roomHere());
  drawNames();
}

const roomHere = () => rooms.find(({ name }) => name === conversation.room);

/** The frame shows no list of rooms; it only looks whether an archived one is open again. */
const renewRooms = () => conversation && (!config.embed || conversation.standing.archived) && learnRooms();

function enter(room) {
  const before = conversation;
  const mine = new Conversation(room, identity, blocked);
  const on = (name, act) => mine.on(name, (detail) => mine === conversation && act(detail));
  conversation = mine;
  mine.kind = roomHere()?.kind;
  before?.close();
  list?.leave();
  list = new MessageList(mine, words, seen);
  composer = new Composer(conversation, words, `snug.draft.${identity.id}.${room}`, {
    sent: () => list.toEnd(),
    editLast: () => list.actions.editLast(),
  });
  on("change", soon);
  on("state", moved);
  on("loaded", () => {
    drawNames();
    look();
  });
  on("arrived", (message) => list.arrived(message));
  on("deleted", () => announce("")); // it may be what was read out last
  on("standing", (standing) => {
    Object.assign(roomHere() ?? {}, standing);
    drawNames();
  });
  on("unread", (count) => Object.assign(roomHere() ?? {}, { unread: count }));
  drawFrame();
  conversation.open();
  if (!host || host.open) focus();
}

function moved(change) {
  if (change.state === "stopped" && conversation.loaded) learnRooms(); // shown out: the list is shorter now
  if (change.code === 4001 && change.state === "stopped") refused(change.reason);
  const isGuest = identity.kind === "guest";
  notice.connection(change, { loaded: conversation.loaded, isGuest, retry: () => conversation.open() });
}

let blamed;

/** The token is worth nothing. Whoever made it is told why, once: the visitor cannot help it. */
function refused(reason) {
  forgetToken();
  if (identity.kind === "user" && reason !== blamed) console.warn("Snug: the token was refused:", reason || "no reason came");
  blamed = reason;
}

function choose(room, push = true) {
  if (room !== conversation.room) {
    if (push) history.pushState(null, "", `?room=${room}`);
    enter(room);
  }
  openSide("rooms", false);
}

// Many changes in one breath are drawn once.
let due = false;
function soon() {
  if (due) return;
  due = true;
  const draw = () => {
    due = false;
    drawAll();
  };
  if (isHidden()) setTimeout(draw, 200); // what is not shown is given no animation frames
  else requestAnimationFrame(draw);
}

function drawAll() {
  list.draw();
  composer.draw();
  drawClosed(conversation, words);
  drawHere();
  drawTyping();
  if (!$("people").hidden) drawPeople(conversation, words);
  blocked.part?.drawList($("people"), conversation);
  tellUnread();
}

function drawFrame() {
  drawNames();
  drawGuest(identity, words, async (name) => {
    identity = await rename(name);
    enter(conversation.room);
  });
}

function drawNames() {
  const { standing, room } = conversation;
  const title = (standing.title = roomHere()?.title || standing.title || room); // known for as long as one is in it
  list.title = title;
  $("room-name").textContent = config.embed ? config.tenant : title;
  document.title = `${title} · ${config.tenant}`;
  told = 0;
  drawRooms(rooms, conversation, identity, words, choose);
  soon();
}

function drawHere() {
  const { state, people: { count } } = conversation;
  if (state.state === "stopped") return ($("here").textContent = "");
  $("here").textContent = state.state === "online" || count ? words.say("here", { n: count }) : words.say("connecting");
}

function drawTyping() {
  const [a, b, c] = [...conversation.people.typists].filter(([id]) => !blocked.has(id)).map(([, { name }]) => name);
  const text = c ? words.say("typingMany") : b ? words.say("typingTwo", { a, b }) : a ? words.say("typingOne", { a }) : "";
  if ($("typing").textContent !== text) $("typing").textContent = text;
}

/** The end of the list is in sight; it is read when somebody is looking. */
function seen() {
  if (!isHidden()) conversation.read();
}

const isHidden = () => document.hidden || (host !== null && !host.open);

let told = 0;
function tellUnread() {
  const count = conversation.unread;
  if (count === told) return;
  told = count;
  host?.tell("unread", { count });
  document.title = document.title.replace(/^(\(\d+\) )?/, count ? `(${count}) ` : "");
}

/** Where typing goes; a finger first reads, and a keyboard that jumps up would hide what there is to read. */
function focus() {
  if (host?.calm) return;
  if (matchMedia("(pointer: fine)").matches) composer?.focus();
}

function openSide(id, open) {
  if (open && id === "rooms") renewRooms();
  const side = $(id);
  const button = $(id === "rooms" ? "menu" : "people-toggle");
  side.classList.toggle("open", open);
  if (id === "people") side.hidden = !open;
  button.setAttribute("aria-expanded", open);
  if (open && !wide.matches) side.querySelector("a, li")?.focus?.();
  if (conversation) soon();
}

const isOpen = (id) => $(id).classList.contains("open");

function wire() {
  $("menu").onclick = () => openSide("rooms", !isOpen("rooms"));
  $("people-toggle").onclick = () => openSide("people", !isOpen("people"));
  if ($("close")) $("close").onclick = () => host?.tell("close");
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const side = ["people", "rooms"].find(isOpen);
    if (side) openSide(side, false);
    else host?.tell("close");
  });
  document.addEventListener("click", ({ target }) => {
    if (wide.matches) return;
    for (const [id, toggle] of [["rooms", "menu"], ["people", "people-toggle"]]) {
      if (isOpen(id) && !$(id).contains(target) && !$(toggle).contains(target)) openSide(id, false);
    }
  });
  // People have a column of their own where there is room, and never slide over the room by themselves.
  wide.onchange = () => !config.embed && openSide("people", wide.matches);
  document.addEventListener("visibilitychange", look);
  addEventListener("focus", renewRooms);
  addEventListener("storage", ({ key }) => key === "snug.blocks" && blocked?.learn(conversation)); // another tab
  // Nothing tells of a new room yet: whoever keeps the page in front of them all day learns of it within a minute.
  setInterval(() => document.hidden || renewRooms(), 60_000);
  addEventListener("popstate", () => choose(new URLSearchParams(location.search).get("room") ?? "general", false));
  host?.on("open", () => {
    look();
    focus();
  });
  host?.on("closed", look);
  host?.on("token", start);
}

function look() {
  if (!conversation) return;
  if (isHidden()) conversation.lookAway();
  else conversation.lookBack();
  if (list.atEnd) seen();
  soon();
}

wire();
if (!config.embed && wide.matches) openSide("people", true);
start();
