import { Outbox } from "./outbox.js";

const WAIT_FOR_ECHO = 10_000;
const LATER = new Set(["RATE_LIMITED", "SLOW_MODE", "INTERNAL_ERROR"]);

/**
 * Sends what is written, one message at a time, so that they arrive in the order in which they were written. A message
 * stays in the outbox until its echo: that is the server's promise to keep it.
 */
export class Sender extends Outbox {
  #chat;
  #inFlight = null;
  #timer;

  /** @param {{ready: () => boolean, send: (frame: object) => boolean, excess: (frame: object) => object,
   *   reconnect: () => void, changed: () => void}} chat `excess` says why a frame is too long, if it is */
  constructor(scope, storage, chat) {
    super(scope, storage);
    this.#chat = chat;
  }

  say(item) {
    this.put(this.#weighed({ ...item, at: Date.now() }));
    this.#moved();
  }

  retry(clientId) {
    const { failure, ...item } = this.get(clientId) ?? {};
    if (!failure) return;
    this.put(item);
    this.#moved();
  }

  discard(clientId) {
    if (!this.remove(clientId)) return;
    this.#chat.changed();
    this.#landed(clientId);
  }

  /** What the server has yet to answer. */
  get refs() {
    return this.#inFlight ? [this.#inFlight] : [];
  }

  /** Slow mode has become shorter, or has ended: nobody waits for it any longer. */
  hurry() {
    const { delayed, until, ...item } = this.get(this.#inFlight) ?? {};
    if (delayed !== "SLOW_MODE" || until <= Date.now()) return;
    this.put(item);
    this.#landed(item.client_id);
    this.#chat.changed();
  }

  pump() {
    const item = this.next;
    if (!item || this.#inFlight || !this.#chat.ready()) return;
    const weighed = this.#weighed(item); // it may have been written when no limit was known
    if (weighed.failure) {
      this.put(weighed);
      return this.#moved();
    }
    if (!this.#chat.send(frameOf(item))) return;
    this.#inFlight = item.client_id;
    this.#timer = setTimeout(() => this.#chat.reconnect(), WAIT_FOR_ECHO);
  }

  echoed({ client_id }) {
    if (!client_id || !this.remove(client_id)) return;
    this.#landed(client_id);
    this.#chat.changed();
  }

  refused({ ref, client_id = ref, error, retry_after = 3 }) {
    const item = this.get(client_id);
    if (!item) return;
    const why = error.reason ?? error.code;
    if (LATER.has(error.code)) {
      const wait = retry_after * 1000;
      this.put({ ...item, delayed: why, until: Date.now() + wait });
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#landed(client_id), wait);
    } else {
      this.put({ ...item, failure: why, reason: error.message });
      this.#landed(client_id);
    }
    this.#chat.changed();
  }

  /** The connection went: whether what was sent arrived, nobody knows. */
  cut() {
    clearTimeout(this.#timer);
    this.#inFlight = null;
  }

  #weighed(item) {
    const refusal = this.#chat.excess(frameOf(item));
    return refusal ? { ...item, failure: refusal.code, reason: refusal.message } : item;
  }

  #moved() {
    this.#chat.changed();
    this.pump();
  }

  #landed(clientId) {
    if (this.#inFlight !== clientId) return;
    this.cut();
    this.pump();
  }
}

const frameOf = ({ client_id, message, reply_to, files }) =>
  ({ type: "chat_message", message, client_id, reply_to, files: files?.map((file) => file.id ?? file), ref: client_id });
