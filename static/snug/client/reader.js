const PAUSE = 1_000;

/** Tells how far one has read: what is new, at most once a second, and never beyond what there was when one said so. */
export class Reader {
  #seen = 0;
  #told = 0;
  #timer;
  #send;

  /** @param {(seq: number, told: number) => number | undefined} send tells the server how far, if that is further than
   * `told`; returns what it said, if it could */
  constructor(send) {
    this.#send = send;
  }

  read(seq) {
    this.#seen = Math.max(this.#seen, seq);
    this.tell();
  }

  tell() {
    if (this.#timer || this.#seen <= this.#told) return;
    const told = this.#send(this.#seen, this.#told);
    if (!told) return;
    this.#told = told;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.tell();
    }, PAUSE);
  }

  /** What there is turns out to be no more than this. */
  limit(seq) {
    this.#seen = Math.min(this.#seen, seq);
  }

  /** The connection went: whether the last word arrived, nobody knows. */
  cut() {
    this.#told = 0;
  }

  forget() {
    this.#seen = this.#told = 0;
  }
}
