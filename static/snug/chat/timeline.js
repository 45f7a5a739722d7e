/** What a room's list shows: messages by seq, and from them rows of days, runs of one author, and the unread line. */

const RUN = 5 * 60_000; // a pause longer than this begins a new run, with name and time
const KEEP = 300;
const MOST = 600;
const MOST_EARLY = 200;

export class Timeline {
  #messages = new Map(); // by message_id
  #sorted = null;
  revealed = new Set(); // ids of messages that are shown although their author is blocked
  #isBlocked;
  #early = new Map(); // changes to messages that are not here: the page with the message may be on its way, and older

  /** @param {(user_id: string) => boolean} isBlocked whether the visitor wants to hear nothing of somebody */
  constructor(isBlocked) {
    this.#isBlocked = isBlocked;
  }

  get messages() {
    this.#sorted ??= [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
    return this.#sorted;
  }

  get oldest() {
    return this.messages[0]?.seq;
  }

  get newest() {
    return this.messages.at(-1)?.seq ?? 0;
  }

  get(message_id) {
    return this.#messages.get(message_id);
  }

  /** Take in messages in any order and any number of times; the latest state of each wins. */
  add(messages) {
    for (const message of messages) this.#put(message);
    this.#sorted = null;
  }

  /** Take in a message as it stands after a change, if it is one we show. One that was deleted before it could be told
   * still has its place at the end. */
  change(message) {
    if (this.#messages.has(message.message_id) || (message.deleted && message.seq > this.newest)) this.add([message]);
    else this.#keep(message);
  }

  react(reaction) {
    const message = this.#messages.get(reaction.message_id);
    if (!message) this.#keep(reaction);
    else if (!message.deleted) this.add([reacted(message, reaction)]);
  }

  #put(message) {
    const { message_id } = message;
    const known = this.#messages.get(message_id);
    if (known && known.rev >= message.rev) return;
    this.#messages.set(message_id, message);
    const early = this.#early.get(message_id);
    if (!this.#early.delete(message_id)) return;
    for (const change of early) (change.emoji ? this.react(change) : this.#put(change));
  }

  #keep(change) {
    this.#early.set(change.message_id, [...(this.#early.get(change.message_id) ?? []), change]);
    if (this.#early.size > MOST_EARLY) this.#early.delete(this.#early.keys().next().value);
  }

  clear() {
    this.#messages.clear();
    this.#early.clear();
    this.#sorted = null;
  }

  /** Forget the oldest when there are very many. @returns whether any were forgotten */
  trim() {
    if (this.#messages.size <= MOST) return false;
    this.#messages = new Map(this.messages.slice(-KEEP).map((message) => [message.message_id, message]));
    this.#sorted = null;
    return true;
  }

  /** How many messages of others came after a seq; not of those who are blocked. */
  unreadAfter(seq, me) {
    return this.messages.filter(({ seq: at, deleted, user_id }) => at > seq && !deleted && user_id !== me && !this.#isBlocked(user_id)).length;
  }

  /** Whether a message is not to be seen. */
  hides({ message_id, user_id }) {
    return this.#isBlocked(user_id) && !this.revealed.has(message_id);
  }

  /** Rows to draw, top to bottom; what blocked people said one after the other is a `run`, which its messages follow only
   * when they are revealed. `pending` are the client's own that no one has yet acknowledged; `shown` gives a
   * message as it should be seen. */
  rows({ me, pending, unreadAfter, shown }) {
    const rows = [];
    const sent = this.messages.map((message) => entry(shown(message), me));
    const keys = new Set(sent.map((item) => item.key));
    const entries = [...sent, ...pending.map((item) => waiting(item, me)).filter((item) => !keys.has(item.key))];
    const firstAt = sent.find((item) => item.at)?.at ?? new Date();
    let previous = null;
    let run = null;
    let lineDrawn = unreadAfter === null;
    for (const item of entries) {
      item.at ??= previous?.at ?? firstAt;
      const day = item.at.toDateString();
      if (day !== previous?.at.toDateString()) {
        rows.push({ kind: "day", key: `day ${day}`, at: item.at });
        run = null;
      }
      run = this.#isBlocked(item.author) ? joined(rows, run, item, this.revealed.has(item.key)) : null;
      if (!run && !lineDrawn && item.seq > unreadAfter && !item.own) {
        lineDrawn = true;
        rows.push({ kind: "unread", key: "unread" });
      }
      item.first = rows.at(-1)?.kind !== "message" || !sameVoice(item, previous) || item.at - previous.at > RUN;
      if (run?.open ?? true) rows.push(item);
      previous = item;
    }
    markStored(rows);
    return rows;
  }
}

// What is shown and what is not are runs of their own: what comes after somebody has looked is hidden again.
function joined(rows, run, { key }, open) {
  if (run?.open !== open) rows.push((run = { kind: "run", key: `run ${key}`, open, ids: [] }));
  run.ids.push(key);
  return run;
}

// One tick says for a whole run of one's own that the server has it: on the last of them that it has.
function markStored(rows) {
  rows.forEach((row, index) => {
    const next = rows[index + 1];
    const goesOn = next?.kind === "message" && !next.first && !next.pending;
    row.stored = row.own && !row.pending && !row.message.deleted && !goesOn;
  });
}

// A person who took another name is introduced again.
const sameVoice = (one, other) =>
  one.author === other.author && (one.own || one.message.username === other.message.username);

// What is left of a deleted message says neither when it was written nor whose it was: it stands on nobody's side.
// One's own message keeps its key from the first key stroke to the acknowledgement, so that its row stays in place.
function entry(message, me) {
  const own = message.user_id !== undefined && message.user_id === me;
  return {
    kind: "message",
    key: own && message.client_id ? `own ${message.client_id}` : message.message_id,
    at: message.timestamp ? new Date(message.timestamp) : null,
    author: message.user_id ?? "",
    seq: message.seq,
    own,
    message,
  };
}

function waiting(item, me) {
  return {
    kind: "message",
    key: `own ${item.client_id}`,
    at: new Date(item.at),
    author: me,
    seq: Infinity,
    own: true,
    pending: true,
    message: item,
  };
}

/** A message with one of its reactions counted anew, where it stood. */
function reacted(message, { emoji, count, rev }) {
  const reactions = message.reactions ?? [];
  const counted = reactions.some((one) => one.emoji === emoji)
    ? reactions.map((one) => (one.emoji === emoji ? { emoji, count } : one))
    : [...reactions, { emoji, count }];
  return rev > message.rev ? { ...message, rev, reactions: counted.filter((one) => one.count > 0) } : message;
}
