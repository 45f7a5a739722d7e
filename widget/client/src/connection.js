import { Emitter } from "./emitter.js";
import { encode } from "./wire.js";

/** What a close code asks of us. After every other one we try again: 4008, 4500, a lost network (1006). */
const STOP = [1000, 1003, 1009, 4000, 4003, 4004, 4402];
const WAIT = [4002, 4029];
const RESTART = 1012;
const TOKEN = 4001;
const SLOW = 15_000;     // least wait after a limit was hit; as much again is left to chance
const SPREAD = 5_000;    // a restarted server gets its clients back over this long
const PATIENCE = 10_000; // how long a ping may go unanswered
const EARLY = 60_000;    // a token is renewed this long before its end
const AGAIN = 5_000;     // pause before another new token is asked for
const REFUSALS = 3;      // so many refused tokens in a row, and we stop

const DEFAULTS = {
  reconnectInterval: 1_000,
  maxReconnectInterval: 30_000,
  reconnectDecay: 2,
  maxReconnectAttempts: Infinity,
  heartbeatInterval: 30_000,
};

/**
 * One socket kept open: backoff, heartbeat, tokens. It knows nothing of rooms; its owner says where to connect
 * (`address`), hears `frame`, and calls `settled` when the server has let it in.
 *
 * Emits `state` {state, reason, code, retryAt}, and `open`, `close`, `error` with the socket's own events.
 */
export class Connection extends Emitter {
  state = "idle"; // idle, connecting, online, waiting, offline, stopped
  socket = null;
  reconnectAttempts = 0;
  #address;
  #token;
  #refusals = 0;
  #turn = 0; // counts connections, so that what belongs to an old one is recognised
  #timer;
  #heartbeat;
  #deadline;
  #renewal;
  #renewedAt = 0;
  #watching = null; // an AbortController, whose signal ends it

  constructor(address, options = {}) {
    super();
    this.#address = address;
    this.options = { ...DEFAULTS, ...options };
    this.#token = options.token ?? null;
  }

  async connect() {
    const turn = ++this.#turn;
    this.#watch();
    this.#drop();
    if (globalThis.navigator?.onLine === false) return this.#become("offline");
    this.#become("connecting");
    try {
      if (isStale(this.#token)) await this.token(this.#refusals > 0);
    } catch (error) {
      this.emit("error", error);
      return turn === this.#turn && this.#retry();
    }
    if (turn === this.#turn) this.#open();
  }

  disconnect() {
    this.#turn++;
    this.#drop(1000);
    this.#unwatch();
    this.#become("idle");
  }

  /** @returns {boolean} whether the frame went to the network */
  send(frame) {
    if (this.socket?.readyState !== 1) return false;
    this.socket.send(encode(frame));
    return true;
  }

  /** The token of this moment: another where this one ends, or where a `fresh` one is asked for. */
  async token(fresh = false) {
    const { getToken } = this.options;
    if (getToken && (fresh || isStale(this.#token))) this.#token = await getToken(fresh);
    return this.#token;
  }

  /** The server has let us in. */
  settled() {
    this.reconnectAttempts = this.#refusals = 0;
    this.#become("online");
    this.#planRenewal();
  }

  /** A new token for this socket and the next ones. */
  async renew() {
    clearTimeout(this.#renewal);
    const turn = this.#turn;
    this.#renewedAt = Date.now();
    try {
      this.#token = await this.options.getToken?.(true) ?? this.#token;
      if (turn === this.#turn && this.send({ type: "refresh_token", token: this.#token })) this.#planRenewal();
    } catch {
      this.#renewLater();
    }
  }

  #renewLater() {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => this.renew(), AGAIN);
  }

  #open() {
    const Socket = this.options.WebSocket ?? globalThis.WebSocket;
    const protocols = ["snug.v1", ...(this.#token ? [`bearer.${this.#token}`] : [])];
    let socket;
    try {
      socket = new Socket(this.#address(), protocols);
    } catch ({ message }) {
      return this.#stop(TOKEN, message); // of the browser: the token cannot be sent, or there is no WebSocket
    }
    const own = (act) => (event) => socket === this.socket && act(event);
    this.socket = socket;
    socket.onopen = own((event) => {
      this.#heartbeat = setInterval(() => this.check(), this.options.heartbeatInterval);
      this.emit("open", event);
    });
    socket.onmessage = own((event) => this.#hear(event.data));
    socket.onerror = own((event) => this.emit("error", event));
    socket.onclose = own((event) => this.#closed(event));
  }

  #hear(text) {
    this.#deadline = clearTimeout(this.#deadline);
    const frame = JSON.parse(text);
    if (frame.type === "error" && frame.error?.code === "TOKEN_EXPIRED") this.#expired();
    if (frame.type !== "pong") this.emit("frame", frame);
  }

  // The token that was just sent may be the one that has expired.
  #expired() {
    if (Date.now() - this.#renewedAt < AGAIN) this.#renewLater();
    else this.renew();
  }

  #closed(event) {
    this.#drop();
    this.emit("close", event);
    const { code, reason } = event;
    if (STOP.includes(code)) return this.#stop(code, reason);
    if (WAIT.includes(code)) return this.#wait(SLOW + Math.random() * SLOW, code);
    if (code === RESTART) return this.#wait(Math.random() * SPREAD, code);
    if (code === TOKEN) {
      if (!this.options.getToken || ++this.#refusals >= REFUSALS) return this.#stop(code, reason);
      this.#token = null;
    }
    this.#retry(code);
  }

  /** Exponential backoff with full jitter: clients that fell together do not come back together. */
  #retry(code) {
    const { reconnectInterval, reconnectDecay, maxReconnectInterval, maxReconnectAttempts } = this.options;
    if (this.reconnectAttempts >= maxReconnectAttempts) return this.#stop(code);
    const most = Math.min(reconnectInterval * reconnectDecay ** this.reconnectAttempts++, maxReconnectInterval);
    this.#wait(Math.random() * most, code);
  }

  #wait(delay, code) {
    this.#become("waiting", { code, retryAt: Date.now() + delay });
    this.#timer = setTimeout(() => this.connect(), delay);
  }

  #stop(code, reason) {
    this.#unwatch();
    this.#become("stopped", { code, reason });
  }

  #drop(code) {
    for (const timer of [this.#timer, this.#deadline, this.#renewal]) clearTimeout(timer);
    this.#deadline = undefined;
    clearInterval(this.#heartbeat);
    const socket = this.socket;
    this.socket = null; // from here on its events are nobody's
    if (socket?.readyState < 2) socket.close(code);
  }

  /** Ping; a socket that does not answer is dead, whatever it says, and is replaced. */
  check() {
    if (this.send({ type: "ping" })) this.#deadline ??= setTimeout(() => this.connect(), PATIENCE);
  }

  #planRenewal() {
    const end = expiry(this.#token);
    clearTimeout(this.#renewal);
    if (!end || !this.options.getToken) return;
    const rest = end - Date.now();
    this.#renewal = setTimeout(() => this.renew(), Math.max(rest - Math.max(EARLY, rest / 10), 1_000));
  }

  #watch() {
    if (this.#watching || !globalThis.addEventListener) return;
    this.#watching = new AbortController();
    addEventListener("online", () => this.connect(), this.#watching);
    addEventListener("offline", () => this.#sleep(), this.#watching);
    globalThis.document?.addEventListener("visibilitychange", () => this.#look(), this.#watching);
  }

  #unwatch() {
    this.#watching?.abort();
    this.#watching = null;
  }

  #sleep() {
    this.#turn++;
    this.#drop();
    this.#become("offline");
  }

  // A tab that was long in the background, or a laptop that slept: look before trusting the socket.
  #look() {
    if (document.hidden) return;
    if (this.state === "waiting" && this.reconnectAttempts) this.connect();
    else if (this.state === "online") this.check();
  }

  #become(state, more = {}) {
    this.state = state;
    this.emit("state", { state, ...more });
  }
}

/** The claims of a JWT, unverified: only its owner reads them here. */
export function claims(token) {
  try {
    const text = atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0))));
  } catch {
    return {};
  }
}

const expiry = (token) => (claims(token).exp ?? 0) * 1000;

const isStale = (token) => !token || (expiry(token) || Infinity) < Date.now() + 10_000;
