/**
 * Many rooms of one workspace over one socket (`/ws/`). Each is a SnugClient, used like one with a socket of its own.
 *
 *   const snug = new Snug("https://acme.example.com", { getToken: () => fetchMyToken() });
 *   const kitchen = snug.room("kitchen");
 *   kitchen.on("chat_message", (message) => console.log(message.username, message.message));
 *   kitchen.connect();
 */
import { call } from "./call.js";
import { Connection } from "./connection.js";
import { Emitter } from "./emitter.js";
import { Line } from "./line.js";
import { SnugClient } from "./room.js";
import { socketUrl } from "./wire.js";

export class Snug extends Emitter {
  #origin;
  #id; // of the socket, which the next one replaces
  #change; // the last one of the state
  #rooms = new Map();
  #lines = new Map(); // of the rooms that are in, or want to be

  constructor(address, options = {}) {
    super();
    this.options = options;
    this.#origin = socketUrl(address).origin;
    this.connection = new Connection(() => this.url + (this.#id ? `?connection=${this.#id}` : ""), options);
    this.connection.on("state", (change) => this.#moved(change));
    this.connection.on("frame", (frame) => this.#hear(frame));
    for (const name of ["open", "close", "error"]) this.connection.on(name, (event) => this.emit(name, event));
  }

  get url() {
    return `${this.#origin}/ws/`;
  }

  /** That of the socket: idle, connecting, online, waiting, offline or stopped */
  get state() {
    return this.connection.state;
  }

  /** All that were asked for, entered or not. */
  get rooms() {
    return [...this.#rooms.values()];
  }

  /** A room, the same object each time. It is entered with its `connect`, and left with its `disconnect`. */
  room(name = "general") {
    if (!this.#rooms.has(name)) {
      const room = new SnugClient(this.#origin, { ...this.options, room: name }, (entry) => new Line(this, name, entry));
      room.on("message", (frame) => this.#tell(frame));
      this.#rooms.set(name, room);
    }
    return this.#rooms.get(name);
  }

  /** Enter all `rooms`. */
  connect() {
    for (const room of this.rooms) if (room.state !== "online") room.connect();
  }

  /** Leave all rooms. The socket closes when the last one is left. */
  disconnect() {
    for (const room of this.rooms) room.disconnect();
  }

  /** Send any frame of the protocol to the room that it names. */
  send(frame) {
    const data = typeof frame === "string" ? JSON.parse(frame) : frame;
    this.room(data.room).send(data);
  }

  /** The token of this moment, for calls of one's own. */
  token(fresh) {
    return this.connection.token(fresh);
  }

  /** Messages of all rooms that one may enter, the best match first. */
  search(q, more) {
    return call(this, "search", { query: { q, ...more } });
  }

  /** For a room's line: it wants in; or in anew, where it is in doubt. */
  enter(line) {
    const { state } = this;
    const isNew = !this.#lines.has(line.room);
    this.#lines.set(line.room, line);
    if (state === "online") {
      line.join();
      if (!isNew) this.connection.check(); // what made a room doubt may be the socket
    } else if (state === "connecting" || (state === "waiting" && isNew)) line.become(this.#change);
    else this.connection.connect();
  }

  /** For a room's line: it is out. @returns {boolean} whether it was in */
  leave({ room }) {
    const wasIn = this.#lines.delete(room);
    if (wasIn && !this.#lines.size) this.connection.disconnect();
    return wasIn;
  }

  // Whoever hears of it may connect or leave: then what is to be told is another thing.
  #moved(change) {
    this.#change = change;
    this.emit("state", change);
    for (const line of this.#lines.values()) {
      if (change !== this.#change) return;
      if (change.state === "online") line.join();
      else line.become(change);
    }
  }

  #hear(frame) {
    if (frame.type === "connection_established") {
      this.#id = frame.connection_id;
      this.connection.settled();
    }
    const line = this.#lines.get(frame.room) ?? [...this.#lines.values()].find(({ asked }) => asked === frame.ref);
    if (line) line.hear(frame);
    else if (!frame.room) this.#tell(frame);
  }

  #tell(frame) {
    this.emit("message", frame);
    this.emit(frame.type, frame);
  }
}
