/**
 * The page that holds this frame, through widget/loader.js. Both sides name the other's exact origin, and believe a note
 * only when its origin and its window are the right ones. A token travels here and nowhere else.
 */
import { Emitter } from "../client/emitter.js";
import { Stop } from "./identity.js";

const PATIENCE = 15_000;

/** Emits `open` and `closed` with the panel, and `token` when the host's visitor signs in or out. */
export class Host extends Emitter {
  open = false;
  #origin;
  #waiting = [];
  #known;
  #asked = false; // the first token comes by itself, as the answer to `ready`

  constructor(origin) {
    super();
    this.#origin = origin;
    addEventListener("message", (event) => {
      if (event.source === parent && event.origin === origin && event.data?.snug === 1) this.#hear(event.data);
    });
    this.tell("ready");
  }

  /** The token the host gives, or null for nobody. `fresh` asks for another than the last one. */
  token(fresh = false) {
    if (!fresh && this.#known !== undefined) return Promise.resolve(this.#known);
    if (fresh || this.#asked) this.tell("token");
    this.#asked = true;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Stop("unreachable")), PATIENCE);
      this.#waiting.push({ resolve, reject, timer });
    });
  }

  tell(type, more = {}) {
    parent.postMessage({ snug: 1, type, ...more }, this.#origin);
  }

  #hear(note) {
    if (note.type === "open" || note.type === "closed") {
      this.open = note.type === "open";
      this.emit(note.type);
    }
    if (note.type === "token") this.#given(note.token ?? null, note.failed);
  }

  #given(token, failed) {
    const asked = this.#waiting.splice(0);
    for (const { resolve, reject, timer } of asked) {
      clearTimeout(timer);
      if (failed) reject(new Stop("unreachable"));
      else resolve(token);
    }
    if (failed || token === this.#known) return;
    this.#known = token;
    if (!asked.length) this.emit("token", token);
  }
}
