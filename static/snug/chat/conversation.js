/** One room as this visitor has it: its client, its messages, its people, and what they may do. It draws nothing. */
import { SnugClient } from "../client/room.js";
import { Emitter } from "../client/emitter.js";
import { Changes } from "./changes.js";
import { memory } from "./dom.js";
import { People } from "./people.js";
import { Standing } from "./standing.js";
import { Timeline } from "./timeline.js";

const PAGE = 50;
const CROWD = 50;
const FRESH = 3_600_000; // milliseconds
const AWAY = 60_000; // who was away for longer asks what others have read; when a server restarts, nobody does
const RECEIPTS = 5; // pages
const TURN = 200; // milliseconds a person: all together a crowd tells some ten times a second how far it has read

/** Refusals of a room in which one may not write for now. */
const CLOSED = new Set(["ROOM_ARCHIVED", "MUTED", "blocked"]);

/** Emits `change` when something to draw has changed, `loaded`, `arrived` with another's new message, `deleted`,
 * `standing` with the room's title and whether it is archived, `unread` with how many the server counts, and `state`. */
export class Conversation extends Emitter {
  timeline = new Timeline((id) => this.blocked.has(id));
  people = new People();
  standing = new Standing(() => this.goOn());
  state = { state: "idle" };
  kind = null; // as the list of rooms says
  loaded = false;
  hasOlder = false;
  older = "ready"; // ready, loading, failed
  unreadAfter = null; // where the "new" line stands; null for nowhere
  #lastRead;
  #telling = null;
  #leftAt = 0;
  #identity;

  /** @param {import("./blocked.js").Blocked} blocked */
  constructor(room, identity, blocked) {
    super();
    this.room = room;
    this.blocked = blocked;
    this.#identity = identity;
    this.client = this.#listen(new SnugClient(location.origin, { room, ...identity.client }));
    this.changes = new Changes(this.client, `snug.mine.${identity.id}.${room}`, () => this.emit("change"));
    this.people.on("change", () => this.emit("change"));
    this.#lastRead = Number(memory.get(this.#readKey) ?? -1);
    if (this.#lastRead >= 0) this.unreadAfter = this.#lastRead;
  }

  get me() {
    return this.client.me?.id ?? this.#identity.id;
  }

  /** With what the API is called: `token`, or `getToken` for a fresh one. */
  get credentials() {
    return this.#identity.client;
  }

  get limit() {
    return this.client.limits?.max_message_length ?? null;
  }

  get unread() {
    return this.#lastRead < 0 ? 0 : this.timeline.unreadAfter(this.#lastRead, this.me);
  }

  get rows() {
    const { me, timeline } = this;
    const seen = this.people.lastRead(timeline.messages.filter((message) => !timeline.hides(message)), me);
    const rows = timeline.rows({
      me,
      pending: this.client.pending,
      unreadAfter: this.unreadAfter,
      shown: (message) => this.changes.shown(message),
    });
    for (const row of rows) {
      if (row.kind !== "message") continue;
      if (row.pending) row.message = this.standing.excused(row.message);
      row.readers = row.seq === seen?.seq ? seen.readers.map((id) => ({ id, name: this.people.nameOf(id) })) : null;
      const quoted = timeline.get(row.message.reply_to);
      row.quoted = quoted && { ...quoted, hidden: timeline.hides(quoted) };
    }
    return rows;
  }

  /** Whether the visitor may write, edit and react, as far as is known. */
  get writable() {
    return this.state.state !== "stopped" && this.standing.open && !this.partner;
  }

  /** The id of whom the visitor has blocked, in a room that is theirs alone: there neither writes. */
  get partner() {
    return this.blocked.part?.partner(this);
  }

  /** The last of one's own messages that can be edited. */
  get lastOwn() {
    return this.timeline.messages.findLast((message) => message.user_id === this.me && !message.deleted);
  }

  open() {
    this.client.connect();
  }

  close() {
    if (this.#telling) this.#tellReadNow();
    this.client.disconnect();
    this.standing.close();
    this.people.close();
  }

  say(text, files) {
    this.unreadAfter = null;
    this.client.say(text.trim(), { files });
  }

  /** Everything that is shown has been seen. */
  read() {
    const { newest } = this.timeline;
    if (!this.loaded) return;
    this.#readUpTo(newest);
    this.#tellRead();
  }

  /** Everyone hears how far everyone has read: in a crowd that is told later, and not by all at once. */
  #tellRead() {
    const { count } = this.people;
    if (count <= CROWD) this.client.read(this.#lastRead);
    else this.#telling ??= setTimeout(() => this.#tellReadNow(), Math.random() * count * TURN);
  }

  #tellReadNow() {
    clearTimeout(this.#telling);
    this.#telling = null;
    if (this.loaded) this.client.read(this.#lastRead);
  }

  /** Try whether one may write again: a mute may have been lifted, and an older server does not tell. */
  tryWriting() {
    this.standing.mute(0);
    this.goOn();
  }

  /** What the list of rooms says, where the server does not tell it here. */
  learn({ archived, kind } = {}) {
    this.kind = kind;
    if (this.standing.told || archived === undefined) return;
    this.standing.archived = archived;
    this.goOn();
  }

  #readUpTo(seq) {
    if (seq <= this.#lastRead) return;
    this.#lastRead = seq;
    memory.set(this.#readKey, String(seq));
  }

  /** From here on what arrives is new: the visitor looks away. */
  lookAway() {
    if (this.loaded && this.#lastRead >= 0) this.unreadAfter = this.#lastRead;
    if (this.#telling) this.#tellReadNow();
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
      const [page] = await Promise.all([this.client.history({ limit: PAGE }), this.blocked.learned]);
      this.#took(page);
      this.loaded = true;
      this.emit("loaded");
      this.emit("change");
      this.#learnRead();
    } catch { /* the next connection asks again */ }
  }

  /** Who has read how far while nobody told us. */
  async #learnRead() {
    try {
      for (let page = 0, cursor; page < RECEIPTS && cursor !== null; page++) {
        const { data, next } = await this.client.receipts({ cursor });
        this.people.named(data);
        data.forEach((mark) => this.#marked(mark));
        this.emit("change");
        cursor = next;
      }
    } catch { /* it is told again when they read on */ }
  }

  #took(page) {
    this.timeline.add(page.messages);
    this.people.named(page.messages);
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
    on("online_users", ({ users, count, ...standing }) => {
      this.people.entered(users, count);
      this.#stands(standing);
    });
    on("room_updated", (standing) => this.#stands(standing));
    on("user_joined", (user) => this.people.joined(user, this.me));
    on("user_left", (user) => this.people.left(user));
    on("presence", (sums) => this.people.summed(sums, this.me));
    on("typing", (typist) => this.people.typing(typist, this.me));
    on("chat_message", (message) => this.#heard(message));
    on("message_edited", (message) => this.timeline.change(message));
    on("message_deleted", (message) => {
      this.timeline.change(message);
      this.emit("deleted");
    });
    on("reaction", (reaction) => this.#reacted(reaction));
    on("read", (mark) => this.#marked(mark));
    on("unread", ({ count }) => this.emit("unread", count));
    on("error", (refusal) => this.standing.refused(refusal));
    on("outbox", () => {});
    on("reset", () => this.#reset());
    return client;
  }

  #moved(change) {
    if (this.state.state === "online") this.#leftAt = Date.now();
    this.state = change;
    if (change.state === "online" && !this.loaded) this.#loadLatest();
    else if (change.state === "online" && Date.now() - this.#leftAt > AWAY) this.#learnAgain();
    this.emit("state", change);
  }

  #learnAgain() {
    this.#learnRead();
    this.blocked.learn(this);
  }

  #reacted(reaction) {
    this.changes.heard(reaction, this.me);
    this.timeline.react(reaction);
  }

  /** Others have read so far; or the visitor has, in another tab. */
  #marked(mark) {
    if (mark.user_id === this.me) this.#readUpTo(mark.seq);
    else this.people.read(mark);
  }

  #stands(told) {
    if (!this.standing.hear(told, this.room)) return;
    this.emit("standing", { title: told.title, archived: told.archived });
    this.goOn();
  }

  /** What was not sent goes on once it may; after a while only when its author says so. */
  goOn() {
    if (this.writable) {
      this.changes.excuse();
      for (const { client_id, failure, at } of this.client.pending) {
        if (CLOSED.has(failure) && Date.now() - at < FRESH) this.client.retry(client_id);
      }
    }
    this.emit("change");
  }

  #heard(message) {
    const isNew = message.seq > this.timeline.newest;
    if (!this.standing.told) this.standing.archived = false;
    this.timeline.add([message]);
    this.people.seen(message);
    this.people.typing({ user_id: message.user_id, is_typing: false });
    if (isNew && message.user_id !== this.me && !this.timeline.hides(message)) this.emit("arrived", message);
  }

  #reset() {
    this.timeline.clear();
    this.people.forget();
    this.loaded = this.hasOlder = false;
    this.unreadAfter = null;
    this.#lastRead = -1;
  }

  get #readKey() {
    return `snug.read.${this.#identity.id}.${this.room}`;
  }
}
