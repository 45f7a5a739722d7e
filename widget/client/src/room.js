/**
 * One room, over a socket of its own or over one that it shares (snug.js).
 *
 *   const chat = new SnugClient("https://acme.example.com", { room: "general", getToken: () => fetchMyToken() });
 *   chat.on("chat_message", (message) => console.log(message.username, message.message));
 *   chat.connect();
 *   chat.say("Hello");
 */
import { Asks } from "./asks.js";
import { call, json } from "./call.js";
import { Connection, claims } from "./connection.js";
import { Emitter } from "./emitter.js";
import { Reader } from "./reader.js";
import { Refused } from "./refused.js";
import { Sender } from "./sender.js";
import { excess, socketUrl, whole } from "./wire.js";

const DURABLE = new Set(["chat_message", "message_edited", "message_deleted", "reaction"]);
const LONGEST_ID = 64;
const TYPING_EVERY = 4_000;  // the server forgets a typist after 6 s
const GAP_PAUSE = 10_000;    // never resume more often than this for gaps

export class SnugClient extends Emitter {
  room;
  /** Who the server says we are: {id, username}; null before the first entry. */
  me = null;
  /** @type {import("./snug-client").Limits | null} */
  limits = null;
  /** The last change we are sure to have seen, and all before it. */
  seq = null;
  rev = null;
  #url;
  #connection;
  #connectionId;
  #born;
  #sender;
  #reader = new Reader((seq, told) => this.#tellRead(seq, told));
  #asks;
  #resuming = null;
  #gapAt = 0;
  #mending;
  #typedAt = 0;
  #slowMode = 0;
  #queue = [];

  /** @param {(entry: () => object) => import("./line.js").Line} [share] the room's share of a socket, given from where it
   * joins */
  constructor(url, options = {}, share) {
    super();
    this.#url = roomUrl(url, options.room);
    this.room = decodeURIComponent(this.#url.pathname.split("/").at(-2));
    this.options = { storage: defaultStorage(), ...options };
    const user = options.user ?? claims(options.token).sub;
    const chat = {
      ready: () => this.#ready,
      send: (frame) => this.#connection.send(frame),
      excess: (frame) => excess(frame, this.limits?.max_message_length),
      reconnect: () => this.#connection.connect(),
      changed: () => this.emit("outbox"),
    };
    this.#asks = new Asks(chat);
    this.#sender = new Sender(user ? `${this.#url.host}.${this.room}.${user}` : null, this.options.storage, chat);
    this.#connection = this.#listen(share?.(() => this.#entry()) ?? new Connection(() => this.#address(), options));
  }

  get url() {
    return this.#url.href;
  }

  /** idle, connecting, online, waiting, offline or stopped */
  get state() {
    return this.#connection.state;
  }

  /** What is written but not acknowledged yet, oldest first. */
  get pending() {
    return this.#sender.items;
  }

  connect() {
    this.#connection.connect();
  }

  disconnect() {
    this.#connection.disconnect();
  }

  /** Send a text, or `files` that were uploaded. It appears in `pending` at once and leaves when there is a connection. Returns its client_id. */
  say(message, { reply_to, client_id, files } = {}) {
    const id = whole(String(client_id || newId()));
    if (id.length > LONGEST_ID) throw new RangeError("A client_id has at most " + LONGEST_ID + " characters.");
    this.#typedAt = 0;
    this.#sender.say({ client_id: id, message, ...(reply_to && { reply_to }), ...(files?.length && { files }) });
    return id;
  }

  /** Try a failed message again. */
  retry(clientId) {
    this.#sender.retry(clientId);
  }

  /** Give a failed message up. */
  discard(clientId) {
    this.#sender.discard(clientId);
  }

  /** Send any frame of the protocol; messages go through the outbox, the rest waits for a connection. Throws Refused for
   * one that is too large. */
  send(frame) {
    const data = typeof frame === "string" ? JSON.parse(frame) : frame;
    if (data.type === "chat_message") return void this.say(data.message, data);
    const refusal = excess(data);
    if (refusal) throw new Refused(refusal);
    if (this.state !== "online" || !this.#connection.send(data)) this.#queue.push(data);
  }

  /** Say that the user is typing (or has stopped); call it on every key, it sends what is needed. */
  typing(isTyping = true) {
    const now = Date.now();
    if (isTyping ? now - this.#typedAt < TYPING_EVERY : !this.#typedAt) return;
    this.#typedAt = isTyping ? now : 0;
    this.#connection.send({ type: "typing", is_typing: isTyping });
  }

  /** Everything up to `seq` has been read, of what there is now. Call it as often as you like: it sends what is new, once
   * a second. */
  read(seq) {
    this.#reader.read(Math.min(seq, this.seq ?? seq));
  }

  /** Give one's own message another text. Resolves with its new state when it is stored; rejects with Refused. */
  edit(message_id, message) {
    return this.#change({ type: "edit_message", message_id, message });
  }

  /** Take a message back; its place is left. */
  delete(message_id) {
    return this.#change({ type: "delete_message", message_id });
  }

  /** Give a message an emoji, or (`on` false) take it back. */
  react(message_id, emoji, on = true) {
    return this.#change({ type: "react", message_id, emoji, on });
  }

  /** One page of history: the latest, or before or after a seq. Rejects when the connection goes. */
  history({ before, after, limit = 50 } = {}) {
    return this.#asks.page({ type: "history", before, after, limit });
  }

  /** The token of this moment, for calls of one's own: another where it ends, or where a `fresh` one is asked for. */
  token(fresh) {
    return this.#connection.token(fresh);
  }

  /** Messages of this room that have these words, the best match first. */
  search(q, more) {
    return call(this, "search", { query: { q, room: this.room, ...more } });
  }

  /** Upload a file, to be said with `files`. */
  upload(file, { signal } = {}) {
    const body = new FormData();
    body.set("room", this.room);
    body.set("file", file);
    return call(this, "files", { body, signal });
  }

  /** One page of who has read how far. */
  receipts(page) {
    return call(this, `rooms/${this.room}/receipts`, { query: { limit: 100, ...page } });
  }

  /** Tell those who run the chat of a message: `spam`, `abuse`, `illegal` or `other`. */
  report(message_id, reason, comment) {
    return call(this, `rooms/${this.room}/messages/${message_id}/report`, { body: json({ reason, comment }) });
  }

  #listen(connection) {
    for (const name of ["open", "close", "error"]) connection.on(name, (event) => this.emit(name, event));
    connection.on("state", (change) => {
      if (change.state !== "online") this.#forget(["idle", "stopped"].includes(change.state));
      this.emit("state", change);
    });
    connection.on("frame", (frame) => this.#receive(frame));
    return connection;
  }

  #address() {
    const url = new URL(this.#url);
    const asked = { ...this.#entry(), ...(this.#connectionId && { connection: this.#connectionId }) };
    url.search = new URLSearchParams([...url.searchParams, ...Object.entries(asked)]);
    return url.href;
  }

  /** From where the room goes on. */
  #entry() {
    this.#resuming = this.seq === null ? null : { seq: this.seq };
    return this.#resuming ? { since: this.seq, rev: this.rev } : {};
  }

  #receive(told) {
    const frame = this.#named(told);
    const asked = this.#asks.take(frame);
    if (frame.type === "online_users") this.#enter(frame);
    else if (frame.type === "user_joined" && !this.me) this.me = { id: frame.user_id, username: frame.username };
    else if (frame.type === "room_updated") this.#pace(frame);
    else if (frame.type === "error") this.#sender.refused(frame);
    else if (DURABLE.has(frame.type) && !this.#follows(frame)) return;
    this.#tell(frame);
    if (frame.type === "history" && (frame.from_resume || asked?.missed)) this.#missed(frame);
  }

  // What could not be read at all is refused without its `ref`. Where one command alone is open, it was that.
  #named(frame) {
    if (frame.error?.code !== "INVALID_JSON" || frame.ref !== undefined) return frame;
    const open = [...this.#asks.refs, ...this.#sender.refs];
    return open.length === 1 ? { ...frame, ref: open[0] } : frame;
  }

  #tell(frame) {
    if (frame.type === "chat_message" && (!this.me || frame.user_id === this.me.id)) this.#sender.echoed(frame);
    else if (frame.type === "message_deleted") this.#sender.echoed({ client_id: frame.ref }); // sent again after it was deleted
    this.emit("message", frame);
    this.emit(frame.type, frame);
  }

  #enter({ last_seq, last_rev, connection_id, limits, slow_mode, created_at }) {
    this.#connectionId = connection_id;
    this.limits = limits;
    this.#slowMode = slow_mode;
    this.me = null; // the user_joined that follows is our own
    if (this.#resuming && (created_at !== this.#born || last_seq < this.seq || last_rev < this.rev)) this.#restart();
    this.#born = created_at;
    if (this.#resuming) this.#resuming.rev = last_rev;
    else this.#begin(last_seq, last_rev);
    this.#connection.settled();
    if (!this.#resuming) this.#caughtUp();
  }

  #begin(seq, rev) {
    [this.seq, this.rev] = [seq, rev];
    this.#reader.limit(seq);
  }

  #pace({ slow_mode, may_moderate }) {
    if (may_moderate || slow_mode < this.#slowMode) this.#sender.hurry();
    this.#slowMode = slow_mode;
  }

  // The room is younger than what we saw: it was restored or made anew, so nothing we hold is worth keeping.
  #restart() {
    this.#resuming = null;
    this.#reader.forget();
    this.emit("reset");
  }

  /** What happened meanwhile is told as if it happened now: messages in their order, then what became of older ones. */
  #missed({ messages, changed = [], has_more }) {
    for (const message of messages) {
      this.seq = Math.max(this.seq, message.seq);
      this.#tell({ type: message.deleted ? "message_deleted" : "chat_message", ...message });
    }
    for (const message of changed) this.#tell({ type: message.deleted ? "message_deleted" : "message_edited", ...message });
    if (has_more) this.#fetchMissed();
    else if (this.#resuming) this.#caughtUp();
  }

  #fetchMissed() {
    const page = { type: "history", after: this.seq, limit: 100 };
    this.#asks.page(page, true).catch(({ code }) => code !== "DISCONNECTED" && this.#connection.connect());
  }

  #caughtUp() {
    this.rev = Math.max(this.rev, this.#resuming?.rev ?? 0);
    this.#resuming = null;
    for (const frame of this.#queue.splice(0)) this.#connection.send(frame);
    this.#asks.again();
    this.#reader.tell();
    this.#sender.pump();
  }

  /** Whether a change comes right after the last one seen. After a gap the room is resumed from before it: what comes
   * until then would be out of order, and comes again. */
  #follows({ seq, rev }) {
    if (rev > this.rev + 1) return this.#mend(rev);
    this.rev = Math.max(this.rev, rev);
    this.seq = Math.max(this.seq, seq);
    return true;
  }

  #mend(before) {
    if (this.#mending) return false;
    this.emit("gap", { after: this.rev, before });
    const resume = () => {
      this.#gapAt = Date.now();
      this.#connection.connect();
    };
    const wait = this.#gapAt + GAP_PAUSE - Date.now();
    if (wait > 0) this.#mending = setTimeout(resume, wait);
    else resume();
    return false;
  }

  get #ready() {
    return this.state === "online" && !this.#resuming;
  }

  #change(frame) {
    return this.#asks.change(frame, this.#ready);
  }

  #tellRead(seq, told) {
    return seq > told && this.#ready && this.#connection.send({ type: "read", seq }) ? seq : undefined;
  }

  // What belonged to the socket goes with it; what was written stays.
  #forget(forGood) {
    clearTimeout(this.#mending);
    this.#mending = null;
    this.#typedAt = 0;
    this.#sender.cut();
    this.#reader.cut();
    this.#asks.cut(forGood);
  }
}

/** The socket of a room, from its own ws: URL or from the tenant's address and a room name. */
function roomUrl(address, room = "general") {
  const url = socketUrl(address);
  if (!url.pathname.startsWith("/ws/")) url.pathname = `/ws/chat/${encodeURIComponent(room)}/`;
  return url;
}

// randomUUID exists on secure pages only, and a widget may stand on a plain one.
function newId() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

function defaultStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
