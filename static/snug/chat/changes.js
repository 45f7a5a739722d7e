/** One's own changes to messages: shown at once, and taken back where the server refuses. */
import { memory } from "./dom.js";

const KEPT = 300; // reactions that this browser remembers as one's own
const SHOWN = 8_000;

export class Changes {
  #texts = new Map(); // message_id → the text on its way
  #leaving = new Set();
  #turning = new Map(); // "message_id emoji" → on
  #troubles = new Map(); // message_id → {key, text?, draft?}, or that it was reported
  #users = new Map(); // "message_id emoji" → who gave it, as far as it was told
  #mine; // "message_id emoji", as far as it is known: what others are told does not say whose a reaction is
  #client;
  #key;
  #changed;

  /** @param {() => void} changed called when something to draw has changed */
  constructor(client, key, changed) {
    this.#client = client;
    this.#key = key;
    this.#changed = changed;
    this.#mine = new Set(memory.list(key));
  }

  async edit({ message_id }, text) {
    await this.#attempt(message_id, () => this.#texts.set(message_id, text), () => this.#client.edit(message_id, text), {
      draft: text,
      // A later edit of the same message is not undone by the answer to an earlier one.
      settle: () => this.#texts.get(message_id) === text && this.#texts.delete(message_id),
    });
  }

  async delete({ message_id }) {
    await this.#attempt(message_id, () => this.#leaving.add(message_id), () => this.#client.delete(message_id), {
      settle: () => this.#leaving.delete(message_id),
    });
  }

  /** Do something about a message that changes nothing of it; below it stands `done`, or why it was refused. */
  async attempt({ message_id }, act, key = "notChanged", done) {
    try {
      await act();
      if (done) this.#note(message_id, { key: done });
    } catch ({ code, message }) {
      this.#note(message_id, { key, text: code && message });
    }
    this.#changed();
  }

  /** Give the emoji, or take it back where it is known to be one's own. One that was given in another session is given
   * again, which changes nothing but tells that it is one's own. */
  async react({ message_id }, emoji) {
    const key = `${message_id} ${emoji}`;
    if (this.#turning.has(key)) return;
    const on = !this.#mine.has(key);
    await this.#attempt(message_id, () => this.#turning.set(key, on), () => this.#client.react(message_id, emoji, on), {
      done: () => this.#own(key, on),
      settle: () => this.#turning.delete(key),
    });
  }

  /** A reaction was given somewhere; by oneself perhaps, in another tab. */
  heard({ message_id, emoji, user_id, on }, me) {
    const key = `${message_id} ${emoji}`;
    if (user_id === me) return this.#own(key, on);
    if (!this.#users.has(key)) this.#users.set(key, new Set());
    if (on) this.#users.get(key).add(user_id);
    else this.#users.get(key).delete(user_id);
  }

  /** The room is open again: that it was closed is no reason any more. What was typed is kept. */
  excuse() {
    for (const trouble of this.#troubles.values()) if (trouble.code === "ROOM_ARCHIVED" || trouble.code === "MUTED") trouble.text = "";
  }

  forgive(message_id) {
    if (this.#troubles.delete(message_id)) this.#changed();
  }

  /** A message as this visitor should see it now. */
  shown(message) {
    const { message_id, deleted, seq, rev } = message;
    if (!message_id || deleted) return message;
    if (this.#leaving.has(message_id)) return { message_id, seq, rev, deleted: true };
    const text = this.#texts.get(message_id);
    const trouble = this.#troubles.get(message_id);
    const reactions = this.#reactions(message);
    if (text === undefined && !trouble && !reactions.length && !message.reactions?.length) return message;
    const looks = [text, trouble?.key, trouble?.text, ...reactions.map(({ emoji, count, mine, users }) => `${emoji}${count}${mine}${users}`)].join();
    return { ...message, message: text ?? message.message, saving: text !== undefined, trouble, reactions, looks };
  }

  #reactions({ message_id, reactions = [] }) {
    const turning = [...this.#turning].filter(([key]) => key.startsWith(`${message_id} `));
    const shown = reactions.map(({ emoji, count }) => {
      const key = `${message_id} ${emoji}`;
      return { emoji, count, mine: this.#mine.has(key), users: [...(this.#users.get(key) ?? [])] };
    });
    for (const [key, on] of turning) {
      const emoji = key.slice(message_id.length + 1);
      const known = shown.find((one) => one.emoji === emoji);
      if (known && known.mine !== on) Object.assign(known, { count: known.count + (on ? 1 : -1), mine: on });
      if (!known && on) shown.push({ emoji, count: 1, mine: true, users: [] });
    }
    return shown.filter(({ count }) => count > 0);
  }

  async #attempt(message_id, begin, send, { settle, done, draft }) {
    this.#troubles.delete(message_id);
    begin();
    this.#changed();
    try {
      await send();
      done?.();
    } catch (error) {
      if (error.code !== "DISCONNECTED" || draft) this.#failed(message_id, error, draft);
    }
    settle();
    this.#changed();
  }

  #failed(message_id, { message, code }, draft) {
    this.#note(message_id, { key: "notChanged", code, text: code === "DISCONNECTED" ? "" : message, draft });
  }

  #note(message_id, trouble) {
    this.#troubles.set(message_id, trouble);
    if (trouble.draft === undefined) setTimeout(() => this.#troubles.get(message_id) === trouble && this.forgive(message_id), SHOWN);
  }

  #own(key, on) {
    if (on === this.#mine.has(key)) return;
    if (on) this.#mine.add(key);
    else this.#mine.delete(key);
    memory.set(this.#key, JSON.stringify([...this.#mine].slice(-KEPT)));
  }
}
