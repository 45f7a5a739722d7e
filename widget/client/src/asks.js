import { Refused } from "./refused.js";

const ANSWERED_IN = 10_000;
const CUT = { code: "DISCONNECTED", message: "No answer came." };

/**
 * What was asked and is not answered yet. Each command goes out under a `ref` that its answer repeats. One that changes
 * nothing when it is done twice is asked again over the next connection; a page of history is not, and has its time.
 */
export class Asks {
  #open = new Map(); // ref → {frame, resolve, reject, lasting, timer, missed}
  #last = 0;
  #chat;

  /** @param {{send: (frame: object) => boolean, excess: (frame: object) => object, reconnect: () => void}} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  get refs() {
    return [...this.#open.keys()];
  }

  /** @returns {Promise<object>} the answer; rejects with Refused. `now` is false before the room is caught up with. */
  change(frame, now) {
    const refusal = this.#chat.excess(frame);
    return refusal ? Promise.reject(new Refused(refusal)) : this.#ask(frame, { lasting: true }, now);
  }

  page(frame, missed) {
    return this.#ask(frame, { missed }, true);
  }

  /** An answer, if it is one. @returns what was asked */
  take(frame) {
    const asked = this.#open.get(frame.ref);
    if (!asked) return;
    this.#open.delete(frame.ref);
    clearTimeout(asked.timer);
    if (frame.type === "error") asked.reject(new Refused({ ...frame.error, retryAfter: frame.retry_after }));
    else asked.resolve(frame);
    return asked;
  }

  /** A new connection is caught up with. */
  again() {
    for (const asked of this.#open.values()) if (asked.lasting) this.#say(asked);
  }

  /** The connection went; `forGood` when no other will come. */
  cut(forGood) {
    for (const [ref, { lasting, timer }] of [...this.#open]) {
      if (lasting) clearTimeout(timer);
      if (forGood || !lasting) this.take({ type: "error", ref, error: CUT });
    }
  }

  #ask(frame, more, now) {
    const ref = ++this.#last;
    return new Promise((resolve, reject) => {
      const asked = { ...more, frame: { ...frame, ref }, resolve, reject };
      this.#open.set(ref, asked);
      if (!more.lasting) asked.timer = setTimeout(() => this.take({ type: "error", ref, error: { ...CUT, code: "TIMEOUT" } }), ANSWERED_IN);
      if (now && !this.#say(asked) && !more.lasting) this.take({ type: "error", ref, error: CUT });
    });
  }

  // What lasts has no end of its own: a socket that leaves it unanswered is given up for another.
  #say(asked) {
    const isSent = this.#chat.send(asked.frame);
    if (isSent && asked.lasting) asked.timer = setTimeout(this.#chat.reconnect, ANSWERED_IN);
    return isSent;
  }
}
