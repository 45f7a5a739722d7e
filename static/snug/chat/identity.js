/**
 * Who the visitor is, from the strongest source to the weakest: the page that holds the frame, the address (`#token=…`),
 * a staff session on this host, and else a guest of this browser.
 */
import { claims } from "../client/connection.js";
import { memory } from "./dom.js";

const GUEST = "snug.guest";
const RENEW = 12 * 3_600_000; // a guest's token lasts a day; renewed at half of it, a visitor stays who they are
const TAB = "snug.token"; // a token given in the address outlives a reload of this tab, and no more

/** A reason for which nobody can come in; `key` is one of the page's `stops`. */
export class Stop extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

/**
 * @typedef {{kind: "user" | "staff" | "guest", id: string, name?: string, named?: string, token?: string,
 *   client: object}} Identity  `named` is the name that a guest chose

 * @returns {Promise<Identity>}
 */
export async function identify(config, host) {
  const given = host ? await host.token() : tokenOfAddress();
  keeper = host;
  if (given) return user(given, host);
  if (config.staff) return { kind: "staff", id: config.staff, client: { user: config.staff, csrf: config.csrf } };
  if (!config.guests) throw new Stop("sign_in");
  return guest(await guestToken());
}

/** The guest under another name: the same person to the server, where it lets them be. */
export async function rename(name) {
  return guest(await newGuest(name));
}

/** The token of the address was refused: after a reload the visitor is whoever they are without it. */
export function forgetToken() {
  try {
    sessionStorage.removeItem(TAB);
  } catch { /* it was never kept */ }
}

function user(token, host) {
  const { sub, name } = claims(token);
  const getToken = host && (async (fresh) => {
    const next = await host.token(fresh);
    if (next) return next;
    host.emit("token"); // signed out: the page begins again with whoever is there now
    throw new Stop("sign_in");
  });
  return { kind: "user", id: String(sub), name, token, client: { token, getToken, user: String(sub) } };
}

function guest({ token, sub, name }) {
  const getToken = async (fresh) => (await (fresh ? newGuest() : guestToken())).token;
  return { kind: "guest", id: sub, name: claims(token).name, named: name, token, client: { token, getToken, user: sub } };
}

async function guestToken() {
  const known = stored();
  return known && known.exp * 1000 > Date.now() + RENEW ? known : newGuest();
}

async function newGuest(name = stored()?.name) {
  const before = stored();
  const ask = (proof) => post("/api/v1/guests", { name, proof }, before?.token);
  let answer = await ask().catch(() => ({}));
  // What is asked of new guests where too many come is fetched by those who are asked.
  if ([403, 429].includes(answer.status)) {
    answer = await (await import("/static/snug/client/proof.js")).insist(answer, ask);
  }
  if (answer.status === 401 && before) {
    keep(null); // the old token is worth nothing any more: begin anew
    return newGuest(name);
  }
  if (!answer.ok) throw new Stop({ 403: "sign_in", 402: "suspended", 429: "busy" }[answer.status] ?? "unreachable");
  const { token, exp, sub } = await answer.json();
  const now = { token, exp, sub, name };
  keep(JSON.stringify(now));
  return now;
}

// Browsers that deny a frame its storage do not deny it to the page around: that one keeps the guest then. Where it
// cannot either, a guest lasts as long as the page.
let keeper = null;
let held = null;

function keep(guest) {
  held = guest;
  if (!memory.set(GUEST, guest) || guest === null) keeper?.keepGuest(guest);
}

function stored() {
  try {
    return JSON.parse(memory.get(GUEST) ?? held ?? keeper?.guest ?? null);
  } catch {
    return null;
  }
}

function tokenOfAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return tabToken();
  history.replaceState(null, "", location.pathname + location.search);
  try {
    sessionStorage.setItem(TAB, token);
  } catch { /* it will not outlive a reload */ }
  return token;
}

function tabToken() {
  try {
    const token = sessionStorage.getItem(TAB);
    return token && claims(token).exp * 1000 > Date.now() ? token : null;
  } catch {
    return null;
  }
}

function post(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" });
}
