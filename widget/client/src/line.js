import { Emitter } from "./emitter.js";

/** What a socket of its own would be closed with. Other refusals pass. */
const FINAL = { FORBIDDEN: 4003, NOT_FOUND: 4004, INVALID_FIELD: 4000 };

let joins = 0;

/** A room's share of a socket of many: to its SnugClient it is a Connection. */
export class Line extends Emitter {
  state = "idle";
  asked = null; // the ref of a join without an answer yet
  #snug;
  #entry;
  #timer;
  #why; // the last error

  /** @param {() => {since?: number, rev?: number}} entry from where to join */
  constructor(snug, room, entry) {
    super();
    this.#snug = snug;
    this.room = room;
    this.#entry = entry;
  }

  connect() {
    this.#snug.enter(this);
  }

  disconnect() {
    if (this.#snug.leave(this)) this.#say({ type: "leave" });
    this.become({ state: "idle" });
  }

  send(frame) {
    return this.state === "online" && this.#say(frame);
  }

  settled() {
    this.become({ state: "online" });
  }

  token(fresh) {
    return this.#snug.token(fresh);
  }

  join() {
    this.become({ state: "connecting" });
    this.asked = `join ${++joins}`;
    this.#say({ type: "join", ref: this.asked, ...this.#entry() });
  }

  hear(frame) {
    const { asked } = this;
    if (asked && frame.ref !== asked) return; // it belongs to before the join
    this.asked = null;
    const isRefusal = frame.type === "error";
    if (isRefusal) this.#why = frame;
    if (frame.type === "left" || (asked && isRefusal)) this.#out(this.#why);
    else this.emit("frame", frame);
  }

  /** @param {{state: string, code?: number, reason?: string, retryAt?: number}} change */
  become(change) {
    clearTimeout(this.#timer);
    this.asked = null;
    this.state = change.state;
    this.emit("state", change);
  }

  #out({ error: { code, message: reason }, retry_after = 3 }) {
    if (FINAL[code]) {
      this.#snug.leave(this);
      return this.become({ state: "stopped", code: FINAL[code], reason });
    }
    const wait = retry_after * (1 + Math.random()) * 1000;
    this.become({ state: "waiting", retryAt: Date.now() + wait });
    this.#timer = setTimeout(() => this.join(), wait);
  }

  #say(frame) {
    return this.#snug.connection.send({ ...frame, room: this.room });
  }
}
