/** One room as this visitor has it: its client, its messages, who is here and who is typing. It draws nothing. */
import { SnugClient } from "../client/snug-client.js";
import { Emitter } from "../client/emitter.js";
import { memory } from "./dom.js";
import { Timeline } from "./timeline.js";

const TYPING = 6_000;
const PAGE = 50;

/** Emits `change` when something to draw has changed, `loaded`, `arrived` with another's new message, and `state`. */
export class Conversation extends Emitter {
  timeline = new Timeline();
  people = new Map(); // id → name; of the first hundred
  count = 0;
  typists = new Map(); // id → {name, timer}
  state = { state: "idle" };
  loaded = false;
  hasOlder = false;
  older = "ready"; // ready, loading, failed
  unreadAfter = null; // where the "new" line stands; null for nowhere
  #lastRead;
  #identity;

  constructor(room, identity) {
    super();
    this.room = room;
    this.#identity = identity;
    this.client = this.#listen(new SnugClient(location.origin, { room, ...identity.client }));
    this.#lastRead = Number(memory.get(this.#readKey) ?? -1);
    if (this.#lastRead >= 0) this.unreadAfter = this.#lastRead;
  }

  get me() {
    return this.client.me?.id ?? this.#identity.id;
  }

  get limit() {
    return this.client.limits?.max_message_length ?? null;
  }

  get unread() {
    return this.#lastRead < 0 ? 0 : this.timeline.unreadAfter(this.#lastRead, this.me);
  }

  get rows() {
    return this.timeline.rows({ me: this.me, pending: this.client.pending, unreadAfter: this.unreadAfter });
  }

  open() {
    this.client.connect();
  }

  close() {
    this.client.disconnect();
    for (const { timer } of this.typists.values()) clearTimeout(timer);
  }

  say(text) {
    this.unreadAfter = null;
    this.client.say(text.trim());
  }

  /** Everything that is shown has been seen. */
  read() {
    const { newest } = this.timeline;
    if (!this.loaded || newest <= this.#lastRead) return;
    this.#lastRead = newest;
    memory.set(this.#readKey, String(newest));
    this.client.read(newest);
  }

  /** From here on what arrives is new: the visitor looks away. */
  lookAway() {
    if (this.loaded && this.#lastRead >= 0) this.unreadAfter = this.#lastRead;
  }

  /** The visitor looks: when nothing came in the meantime, what comes now needs no line. */
  lookBack() {
    if (this.loaded && !this.timeline.unreadAfter(this.unreadAfter ?? Infinity, this.me)) this.unreadAfter = null;
  }

  /** Keep a long day in an open tab from filling the memory; what is let go can be loaded again. */
  trim() {
    if (this.timeline.trim()) this.hasOlder = true;
  }

  async loadOlder() {
    if (this.older === "loading" || !this.hasOlder) return;
    this.#become("loading");
    try {
      this.#took(await this.client.history({ before: this.timeline.oldest, limit: PAGE }));
      this.#become("ready");
    } catch {
      this.#become("failed");
    }
  }

  async #loadLatest() {
    try {
      this.#took(await this.client.history({ limit: PAGE }));
      this.loaded = true;
      this.emit("loaded");
      this.emit("change");
    } catch { /* the next connection asks again */ }
  }

  #took(page) {
    this.timeline.add(page.messages);
    this.hasOlder = page.has_more;
  }

  #become(older) {
    this.older = older;
    this.emit("change");
  }

  #listen(client) {
    const on = (name, act) => client.on(name, (detail) => {
      act(detail);
      this.emit("change");
    });
    on("state", (change) => this.#moved(change));
    on("online_users", ({ users, count }) => this.#entered(users, count));
    on("user_joined", (user) => this.#joined(user));
    on("user_left", (user) => this.#left(user));
    on("presence", ({ count }) => (this.count = count));
    on("typing", (typist) => this.#typing(typist));
    on("chat_message", (message) => this.#heard(message));
    on("message_edited", (message) => this.timeline.change(message));
    on("message_deleted", (message) => this.timeline.change(message));
    on("reaction", (reaction) => this.timeline.react(reaction));
    on("history", (page) => this.#resumed(page));
    on("outbox", () => {});
    on("reset", () => this.#reset());
    return client;
  }

  #moved(change) {
    this.state = change;
    if (change.state === "online" && !this.loaded) this.#loadLatest();
    this.emit("state", change);
  }

  #entered(users, count) {
    this.people = new Map(users.map(({ id, username }) => [id, username]));
    this.count = count;
  }

  #joined({ user_id, username }) {
    const known = this.people.has(user_id);
    this.people.set(user_id, username);
    if (!known && user_id !== this.me) this.count++;
    this.count = Math.max(this.count, this.people.size);
  }

  #left({ user_id }) {
    if (this.people.delete(user_id)) this.count--;
    this.#typing({ user_id, is_typing: false });
  }

  /** People may take another name while they are here; what they do next tells it. */
  #named({ user_id, username }) {
    if (username && this.people.has(user_id)) this.people.set(user_id, username);
  }

  #typing({ user_id, username, is_typing }) {
    this.#named({ user_id, username });
    clearTimeout(this.typists.get(user_id)?.timer);
    this.typists.delete(user_id);
    if (!is_typing || user_id === this.me) return;
    const timer = setTimeout(() => {
      this.typists.delete(user_id);
      this.emit("change");
    }, TYPING);
    this.typists.set(user_id, { name: username, timer });
  }

  #heard(message) {
    const isNew = message.seq > this.timeline.newest;
    this.timeline.add([message]);
    this.#named(message);
    this.#typing({ user_id: message.user_id, is_typing: false });
    if (isNew && message.user_id !== this.me) this.emit("arrived", message);
  }

  // What was missed while away. Pages that were asked for come through their promises.
  #resumed({ messages, changed = [], from_resume }) {
    if (!this.loaded) return;
    const catchesUp = from_resume || messages[0]?.seq > this.timeline.newest;
    if (catchesUp) this.timeline.add(messages);
    for (const message of changed) this.timeline.change(message);
  }

  #reset() {
    this.timeline.clear();
    this.loaded = this.hasOlder = false;
    this.unreadAfter = null;
    this.#lastRead = -1;
  }

  get #readKey() {
    return `snug.read.${this.#identity.id}.${this.room}`;
  }
}
