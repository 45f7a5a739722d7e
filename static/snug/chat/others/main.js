/** What one does about other people: reports what they said, blocks them, and sees no more of it. Fetched when somebody
 * first does; its texts come with it (`others` in widget/wording). */
import { avatar } from "../avatar.js";
import { $, announce, h, icon, memory } from "../dom.js";

const REASONS = ["spam", "abuse", "illegal", "other"];
const PAGE = 100;
const WITHIN = 3_000;
const TOLD = "snug.blocks"; // another tab of this browser hears when it changes

export class Others {
  #blocked;
  #words;
  #turns = 0;

  /** @param {import("../blocked.js").Blocked} blocked */
  constructor(blocked, words) {
    this.#blocked = blocked;
    this.#words = words;
  }

  /** Ask the server whom. What it said before somebody was blocked or unblocked here is out of date. */
  async learn(conversation) {
    let found;
    let turns;
    do {
      turns = this.#turns;
      found = await everyone(conversation);
    } while (turns !== this.#turns);
    this.#blocked.names = found;
    this.#blocked.emit("change");
  }

  /** Ask why a message is reported, and tell those who run the chat. */
  report(message, { client, changes }, actions) {
    const report = (reason) => {
      actions.leave(message);
      changes.attempt(message, () => client.report(message.message_id, reason), "notReported", "reported");
    };
    const yes = REASONS.map((reason) => ({ text: this.#words.say(`reason_${reason}`), look: "chip", act: () => report(reason) }));
    actions.ask(message, { ask: this.#words.say("reportAsk"), yes, no: this.#words.say("cancel") });
  }

  /** Ask whether to block a message's author; or unblock them at once. */
  turn(message, conversation, actions) {
    const { user_id, username: name } = message;
    if (this.#blocked.has(user_id)) return this.#unblock(conversation, user_id);
    const block = () => conversation.changes.attempt(message, () => {
      const done = this.#block(conversation, user_id, name);
      actions.leave(message);
      return done;
    });
    const say = (key) => this.#words.say(key, { name });
    actions.ask(message, { ask: say("blockAsk"), yes: [{ text: say("blockYes"), look: "button small danger", act: block }], no: say("cancel") });
  }

  /** What blocked people said one after the other, in one line. */
  drawRun({ key, ids, open }, { words, conversation, redraw }) {
    const turn = () => {
      for (const id of ids) conversation.timeline.revealed[open ? "delete" : "add"](id);
      redraw();
      // Joined to a run before it, the line is gone.
      const here = within(`[data-key="${key}"] button`) ?? within(`[data-id="${ids[0]}"] .dots`);
      here?.focus({ preventScroll: true });
      here?.closest("li").scrollIntoView({ block: "nearest" });
    };
    const button = h("button", { class: "link", type: "button", "aria-expanded": `${open}`, onclick: turn }, words.say(open ? "hide" : "show"));
    button.dataset.focus = "run";
    return h("li", { class: "message first" }, h("p", { class: "gone" }, words.say("hidden", { n: ids.length }), " · ", button));
  }

  /** Everyone, below who is here. */
  drawList(panel, conversation) {
    const names = [...this.#blocked.names].sort(([, a], [, b]) => a.localeCompare(b));
    const looks = JSON.stringify(names);
    const old = $("blocked");
    if (old?.dataset.looks === looks) return;
    const title = h("h2", { id: "blocked-title" }, this.#words.say("blockedPeople"));
    const rows = names.map(([id, name]) => h("li", {}, avatar(id, name), h("bdi", { title: name }, name), this.#undo(conversation, id, name)));
    const section = h("section", { id: "blocked", "aria-labelledby": title.id, hidden: !rows.length }, title, h("ul", {}, ...rows));
    section.dataset.looks = looks;
    const at = old ? [...old.querySelectorAll("button")].indexOf(document.activeElement) : -1;
    old?.remove();
    panel.append(section);
    if (at >= 0) (section.querySelectorAll("button")[Math.min(at, rows.length - 1)] ?? $("people-toggle")).focus();
  }

  /** The id of whom the visitor has blocked, in a room that is theirs alone. */
  partner({ kind, people }) {
    return kind === "direct" ? [...this.#blocked.names.keys()].find((id) => people.nameOf(id)) : undefined;
  }

  /** What stands in place of the composer where the only other one is blocked. */
  drawClosed(box, id, conversation) {
    const name = this.#blocked.names.get(id);
    // The composer is back once the page is drawn anew.
    const undo = this.#undo(conversation, id, name, () => requestAnimationFrame(() => $("text").focus()));
    box.replaceChildren(icon("block"), h("span", {}, this.#words.say("blockedHere", { name })), undo);
  }

  #undo(conversation, id, name, done) {
    const undo = async () => {
      try {
        await this.#unblock(conversation, id);
        done?.();
      } catch {
        button.title = this.#words.say("notChanged");
        announce(button.title);
      }
    };
    const button = h("button", { class: "link", type: "button", onclick: undo }, this.#words.say("unblockIt"));
    button.ariaLabel = this.#words.say("unblock", { name });
    return button;
  }

  /** Hidden at once, and taken back where the server refuses. */
  async #block(conversation, id, name) {
    this.#put(id, name);
    try {
      await ask(conversation, "PUT", `/${encodeURIComponent(id)}`);
    } catch (error) {
      this.#put(id, null);
      throw error;
    }
    this.#settled(id, name, "nowBlocked", name);
  }

  async #unblock(conversation, id) {
    const name = this.#blocked.names.get(id);
    await ask(conversation, "DELETE", `/${encodeURIComponent(id)}`);
    this.#settled(id, null, "nowUnblocked", name);
  }

  #settled(id, name, key, who) {
    this.#put(id, name);
    memory.set(TOLD, `${Date.now()}`);
    announce(this.#words.say(key, { name: who }));
  }

  #put(id, name) {
    const { names } = this.#blocked;
    this.#turns++;
    if (name === null) names.delete(id);
    else names.set(id, name);
    this.#blocked.emit("change");
  }
}

const within = (selector) => $("messages").querySelector(selector);

async function everyone(conversation) {
  const found = new Map();
  let cursor = "";
  while (cursor !== null) {
    const { data, next } = await ask(conversation, "GET", `?limit=${PAGE}&cursor=${cursor}`);
    for (const { user_id, username } of data) found.set(user_id, username);
    cursor = next;
  }
  return found;
}

/** A call about one's own blocks. Rejects with an error that has a `code` where the server refuses. */
async function ask({ client, me }, method, rest) {
  const send = async (fresh) => fetch(`/api/v1/users/${encodeURIComponent(me)}/blocks${rest}`, {
    method,
    headers: { authorization: `Bearer ${await client.token(fresh)}` },
    signal: AbortSignal.timeout(WITHIN),
  });
  let answer = await send();
  if (answer.status === 401) answer = await send(true);
  if (method === "DELETE" && answer.status === 404) return null; // unblocked elsewhere, or gone
  const said = await answer.json().catch(() => null);
  if (!answer.ok) throw Object.assign(new Error(said?.detail ?? answer.statusText), { code: said?.code ?? "unavailable" });
  return said;
}
