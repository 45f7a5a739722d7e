/** Who is here, who is typing, who has read how far, and what everyone is called. */
import { Emitter } from "../client/emitter.js";

const TYPING = 6_000;

/** Emits `change` when somebody's typing has lapsed. */
export class People extends Emitter {
  here = new Map(); // id → name; of those who are known by name
  count = 0;
  typists = new Map(); // id → {name, timer}
  #names = new Map();
  #upTo = new Map(); // id → the seq they have read up to
  #summed = false; // the room is told of sums alone, so not being named says nothing

  nameOf(id) {
    return this.#names.get(id);
  }

  entered(users, count) {
    this.here = new Map();
    for (const { id, username } of users) this.#met(id, username);
    this.count = count;
    this.#summed = false;
  }

  joined({ user_id, username }, me) {
    const known = this.here.has(user_id) && !this.#summed;
    this.#met(user_id, username);
    if (!known && user_id !== me) this.count++;
  }

  left({ user_id }) {
    if (this.here.delete(user_id) || this.#summed) this.count--;
    this.typing({ user_id, is_typing: false });
  }

  /** A crowd comes and goes unnamed: once some have left, nobody is known to be here but those who show themselves. */
  summed({ left, count }, me) {
    this.#summed = true;
    this.count = count;
    if (left) this.here = new Map([...this.here].filter(([id]) => id === me));
  }

  /** People may take another name while they are here; what they do next tells it. */
  seen({ user_id, username }) {
    if (!username) return;
    if (this.here.has(user_id) || (this.#summed && !user_id.startsWith("bot:"))) this.#met(user_id, username);
    else this.#names.set(user_id, username);
  }

  /** Those in a loaded message have a name as well, unless a newer one is known. */
  named(messages) {
    for (const { user_id, username } of messages) if (user_id && !this.#names.has(user_id)) this.#names.set(user_id, username);
  }

  typing({ user_id, username, is_typing }, me) {
    if (is_typing) this.seen({ user_id, username });
    clearTimeout(this.typists.get(user_id)?.timer);
    this.typists.delete(user_id);
    if (!is_typing || user_id === me) return;
    const timer = setTimeout(() => {
      this.typists.delete(user_id);
      this.emit("change");
    }, TYPING);
    this.typists.set(user_id, { name: username, timer });
  }

  read({ user_id, seq }) {
    this.#upTo.set(user_id, Math.max(seq, this.#upTo.get(user_id) ?? 0));
  }

  /** The newest of these messages that others than its author have read. @returns {{seq: number, readers: string[]} | null} */
  lastRead(messages, me) {
    const others = [...this.#upTo].filter(([id]) => id !== me);
    for (let at = messages.length - 1; at >= 0 && others.length; at--) {
      const { seq, user_id, deleted } = messages[at];
      const readers = others.filter(([id, upTo]) => upTo >= seq && id !== user_id).map(([id]) => id);
      if (!deleted && readers.length) return { seq, readers };
    }
    return null;
  }

  /** The room began anew. */
  forget() {
    this.#upTo.clear();
  }

  close() {
    for (const { timer } of this.typists.values()) clearTimeout(timer);
  }

  #met(id, name) {
    this.here.set(id, name);
    this.#names.set(id, name);
  }
}
