/** How a room stands for this visitor: what it is called, whether one may write, and what else one may do. */

const LONGEST_TIMER = 2 ** 31 - 1; // 24 days, and nobody leaves the page open for longer

export class Standing {
  title = null; // while nothing but the name is known
  archived = false;
  mutedUntil = 0; // milliseconds since 1970; Infinity where nobody knows
  mayModerate = false;
  told = false; // the server tells all this; an older one lets it be found out
  #timer;
  #opened;

  /** @param {() => void} opened called when a mute has lapsed */
  constructor(opened) {
    this.#opened = opened;
  }

  get muted() {
    return this.mutedUntil > Date.now();
  }

  get open() {
    return !this.archived && !this.muted;
  }

  /** What the server says. @returns {boolean} whether it says anything: an older one does not */
  hear({ title, archived, may_moderate, muted_until }, room) {
    if (archived === undefined) return false;
    this.told = true;
    this.title = title || room;
    this.archived = archived;
    this.mayModerate = may_moderate;
    this.mute(muted_until ? Date.parse(muted_until) : 0);
    return true;
  }

  /** What a refusal says of the room. */
  refused({ error, retry_after = Infinity }) {
    if (error?.code === "ROOM_ARCHIVED") this.archived = true;
    if (error?.code === "MUTED" && !this.muted) this.mute(Date.now() + retry_after * 1000);
  }

  mute(until) {
    clearTimeout(this.#timer);
    this.mutedUntil = until;
    if (this.muted) this.#timer = setTimeout(this.#opened, Math.min(until - Date.now(), LONGEST_TIMER));
  }

  /** Something that was not sent; a reason that no longer holds is not given any more. */
  excused(item) {
    const holds = { ROOM_ARCHIVED: this.archived, MUTED: this.muted }[item.failure] ?? true;
    return holds ? item : { ...item, failure: "PAST", reason: "" };
  }

  close() {
    clearTimeout(this.#timer);
  }
}
