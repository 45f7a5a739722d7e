/** Whom this visitor has blocked. What it takes to block and to hide somebody is fetched when there first is somebody. */
import { call } from "../client/call.js";
import { Emitter } from "../client/emitter.js";

const WITHIN = 3_000; // for so long nothing is shown, lest it be something that is not to be seen

/** Emits `change`. */
export class Blocked extends Emitter {
  names = new Map(); // id → name
  part = null; // a Others, once it is here
  learned; // a promise that is kept when it is known whom, or that it cannot be known now
  #src;
  #words;

  constructor(src, words) {
    super();
    this.#src = src;
    this.#words = words;
  }

  has(id) {
    return this.names.has(id);
  }

  /** Ask the server. What was known stays where it does not answer. */
  learn(conversation) {
    this.learned = this.#ask(conversation).catch(() => {});
  }

  /** @returns {Promise<import("./others/main.js").Others>} rejects where it cannot be had */
  async load() {
    const { Others, WORDS } = await import(this.#src);
    if (!this.part) this.#words.learn(WORDS);
    return (this.part ??= new Others(this, this.#words));
  }

  async #ask(conversation) {
    const { client, me, credentials } = conversation;
    if (!credentials.token) return;
    const few = { query: { limit: 1 }, signal: AbortSignal.timeout(WITHIN) };
    const { data } = await call(client, `users/${encodeURIComponent(me)}/blocks`, few);
    if (data.length || this.part) await (await this.load()).learn(conversation);
  }
}
