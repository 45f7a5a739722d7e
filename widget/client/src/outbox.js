/**
 * What was written and is not yet acknowledged, oldest first. One storage entry a message, so that two tabs never
 * overwrite each other, and a reload, a crash or a tunnel loses nothing. Sending one twice is harmless: the server
 * knows it by its `client_id`.
 *
 * @typedef {{client_id: string, message: string, reply_to?: string, at: number, failure?: string}} Pending
 */
export class Outbox {
  /** @type {Map<string, Pending>} */
  #items = new Map();
  #prefix;
  #storage;

  /** @param {string | null} scope whose outbox this is: server, room and user; null keeps it in memory only */
  constructor(scope, storage) {
    this.#prefix = scope && `snug.outbox.${scope}.`;
    this.#storage = storage;
    for (const item of this.#stored().sort((a, b) => a.at - b.at)) this.#items.set(item.client_id, item);
  }

  /** @returns {Pending[]} */
  get items() {
    return [...this.#items.values()];
  }

  /** The oldest that has not failed. */
  get next() {
    return this.items.find((item) => !item.failure);
  }

  get(id) {
    return this.#items.get(id);
  }

  put(item) {
    this.#items.set(item.client_id, item);
    this.#write((storage) => storage.setItem(this.#prefix + item.client_id, JSON.stringify(item)));
  }

  remove(id) {
    this.#write((storage) => storage.removeItem(this.#prefix + id));
    return this.#items.delete(id);
  }

  #stored() {
    const found = [];
    this.#write((storage) => {
      const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at));
      for (const key of keys.filter((name) => name.startsWith(this.#prefix))) found.push(JSON.parse(storage.getItem(key)));
    });
    return found;
  }

  // Storage may be full, forbidden (a frame with blocked cookies) or absent: the outbox then lives as long as the page.
  #write(act) {
    try {
      if (this.#prefix && this.#storage) act(this.#storage);
    } catch {
      this.#storage = null;
    }
  }
}
