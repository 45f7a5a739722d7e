/** What one may do with a message: its menu, the editor in its place, the question before it is deleted. */
import { $, announce } from "./dom.js";
import { Menu } from "./menu.js";

const HELD = 400;  // a finger that rests this long, in milliseconds, means the menu
const STILL = 10;  // and moves no further than this, in pixels
const NOBODY = /^(staff|bot|deleted):/; // who speaks for the house, or is gone, is not blocked from here

export class Actions {
  editing = null; // {id, text} of the message in the editor
  asking = null;  // {id, ask, yes, no}: what is asked about a message, and what can be answered
  #conversation;
  #words;
  #redraw;
  #menu;

  /** @param {() => void} redraw draws the list at once */
  constructor(conversation, words, redraw) {
    this.#conversation = conversation;
    this.#words = words;
    this.#redraw = redraw;
    this.#menu = new Menu(words);
    this.#holdToOpen($("messages"));
  }

  get writable() {
    return this.#conversation.writable;
  }

  isOwn(message) {
    return message.user_id === this.#conversation.me;
  }

  /** @param {boolean} byEmoji whether to begin at the emoji */
  open(message, anchor, byEmoji = false) {
    const { writable } = this;
    const isOwn = writable && this.isOwn(message);
    const { standing, state, blocked, credentials } = this.#conversation;
    const mayJudge = !this.isOwn(message) && credentials.token;
    const isBlocked = blocked.has(message.user_id);
    const block = this.#words.say(isBlocked ? "unblock" : "block", { name: message.username });
    // Whoever moderates tidies an archived room as well.
    const mayDelete = isOwn || (standing.mayModerate && message.message_id && state.state !== "stopped");
    const react = writable && message.message_id && ((emoji) => this.react(message, emoji));
    const commands = [
      navigator.clipboard && { icon: "copy", label: this.#words.say("copy"), act: () => this.#copy(message) },
      isOwn && { icon: "pencil", label: this.#words.say("edit"), act: () => this.edit(message) },
      mayJudge && { icon: "alert", label: this.#words.say("report"), act: () => this.#judge("report", message) },
      mayJudge && (isBlocked || !NOBODY.test(message.user_id)) && { icon: "block", label: block, act: () => this.#judge("turn", message) },
      mayDelete && { icon: "trash", label: this.#words.say("delete"), act: () => this.#askDelete(message), danger: true },
    ];
    this.#menu.open(anchor, { react, commands: commands.filter(Boolean), byEmoji });
  }

  react(message, emoji) {
    this.#conversation.changes.react(message, emoji);
  }

  edit(message, text = message.message) {
    if (!this.writable) return;
    this.editing = { id: message.message_id, text };
    this.asking = null;
    this.#redraw();
    const field = this.#within(message, "textarea");
    field?.focus();
    field?.setSelectionRange(text.length, text.length);
    field?.closest("li").scrollIntoView({ block: "nearest" });
  }

  editLast() {
    const { lastOwn, changes } = this.#conversation;
    if (lastOwn) this.edit(changes.shown(lastOwn));
  }

  save(message, text) {
    this.leave(message);
    if (!text) this.#askDelete(message);
    else if (text !== message.message) this.#conversation.changes.edit(message, text);
  }

  /** @param {{ask: string, yes: {text: string, look: string, act: () => void}[], no: string}} question */
  ask(message, question) {
    this.asking = { id: message.message_id, ...question };
    this.#redraw();
    const first = this.#within(message, ".ask button");
    first?.focus();
    first?.scrollIntoView({ block: "nearest" });
  }

  #askDelete(message) {
    const act = () => {
      this.leave(message);
      this.#conversation.changes.delete(message);
    };
    this.ask(message, { ask: this.#words.say("deleteAsk"), yes: [{ text: this.#words.say("delete"), look: "button small danger", act }], no: this.#words.say("keep") });
  }

  /** Report it, or block its author or no longer: "report" or "turn" of Others. */
  async #judge(how, message) {
    const { blocked, changes } = this.#conversation;
    await changes.attempt(message, async () => (await blocked.load())[how](message, this.#conversation, this));
  }

  /** Neither edit nor delete it after all. */
  leave(message) {
    this.editing = this.asking = null;
    this.#redraw();
    const touch = matchMedia("(pointer: coarse)").matches; // where a field in focus would bring up the keyboard
    (this.#within(message, ".dots") ?? $("scroll")).focus({ preventScroll: true });
    if (!touch) $("text").focus({ preventScroll: true });
  }

  /** What was being changed may have gone meanwhile. */
  check(rows) {
    const isThere = (id) => rows.some(({ message }) => message?.message_id === id && !message.deleted);
    if (this.editing && !isThere(this.editing.id)) this.editing = null;
    if (this.asking && !isThere(this.asking.id)) this.asking = null;
  }

  close() {
    this.#menu.close();
  }

  async #copy({ message }) {
    try {
      await navigator.clipboard.writeText(message);
      announce(this.#words.say("copied"));
    } catch { /* the page that holds the frame does not allow it */ }
  }

  #within({ message_id }, selector) {
    return $("messages").querySelector(`[data-id="${CSS.escape(message_id)}"] ${selector}`);
  }

  /** A finger has no hover: it rests on the message instead. */
  #holdToOpen(list) {
    let timer;
    let at;
    let isHeld = false;
    const stop = () => clearTimeout(timer);
    list.onpointerdown = ({ pointerType, target, clientX, clientY }) => {
      stop();
      isHeld = false;
      const line = pointerType === "touch" && !target.closest("a, button, textarea") && target.closest(".line");
      at = { clientX, clientY };
      if (line) timer = setTimeout(() => {
        isHeld = true;
        getSelection().removeAllRanges();
        line.dispatchEvent(new CustomEvent("hold"));
      }, HELD);
    };
    // The finger is still down: lifting it must not press what has come up below it, nor bring the browser's own menu.
    for (const name of ["touchend", "contextmenu"]) list[`on${name}`] = (event) => isHeld && event.cancelable && event.preventDefault();
    list.onpointermove = ({ clientX, clientY }) => {
      if (at && Math.hypot(clientX - at.clientX, clientY - at.clientY) > STILL) stop();
    };
    list.onpointerup = list.onpointercancel = list.onpointerleave = stop;
  }
}
