/**
 * The page that holds this frame, through widget/loader.js. Both sides name the other's exact origin, and believe a note
 * only when its origin and its window are the right ones. A token travels here and nowhere else.
 */
import { claims } from "../client/connection.js";
import { Emitter } from "../client/emitter.js";
import { Stop } from "./identity.js";

const HOST_WITHIN = 15_000;

/** Emits `open` and `closed` with the panel, and `token` when the host's visitor signs in or out. */
export class Host extends Emitter {
  open = false;
  calm = false; // opened by itself, so the focus is not ours to take
  guest = null; // what the page keeps for us of a guest, as text
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
      const timer = setTimeout(() => reject(new Stop("unreachable")), HOST_WITHIN);
      this.#waiting.push({ resolve, reject, timer });
    });
  }

  /** Let the page keep a guest (null: forget them), for browsers that deny a frame its storage. */
  keepGuest(guest) {
    this.guest = guest;
    this.tell("guest", { guest: guest ?? "" });
  }

  tell(type, more = {}) {
    parent.postMessage({ snug: 1, type, ...more }, this.#origin);
  }

  #hear(note) {
    if (note.type === "open" || note.type === "closed") {
      this.open = note.type === "open";
      this.calm = Boolean(note.calm);
      this.emit(note.type);
    }
    if (note.type === "token") this.#given(note);
  }

  #given(note) {
    this.guest = note.guest || this.guest;
    const { token, why } = tokenOf(note);
    const failed = why !== undefined;
    if (failed) console.warn(`Snug: ${note.url ?? "data-token or Snug.setToken"}: ${why}`);
    const asked = this.#waiting.splice(0);
    for (const { resolve, reject, timer } of asked) {
      clearTimeout(timer);
      if (failed) reject(new Stop(navigator.onLine ? "host" : "unreachable"));
      else resolve(token);
    }
    if (failed && asked.length) return; // asked again later, they may know better; until then nothing changes
    if (token === this.#known) return;
    this.#known = token;
    if (!asked.length) this.emit("token", token);
  }
}

/** The token of a note, null for nobody; or why there is none, for the developer of the page. */
function tokenOf({ token, url, status, text }) {
  if (!url) return judged(token ?? null);
  if (status === undefined) return { why: "no answer came. Is the address right, and does it allow this page (CORS)?" };
  if (status === 401) return { token: null };
  if (status < 200 || status > 299) return { why: `it answered ${status}; expected are 200 with {"token": "…"}, or 401 when nobody is signed in.` };
  try {
    return judged(JSON.parse(text).token);
  } catch {
    return { why: 'what it answered is not JSON; expected is {"token": "…"}.' };
  }
}

function judged(token) {
  if (token === null || claims(token).sub !== undefined) return { token };
  return { why: 'what came is no user token: a JWT with "sub", or null when nobody is signed in.' };
}
