/** Visitors without an account: a guest's token, and the work that a workspace under attack asks for before it gives one. */
import { Refused } from "./refused.js";

/**
 * A token for a new guest, or a fresh one for the guest whose `token` is given. Rejects with Refused, or as `fetch`
 * does where there is no network.
 *
 * @param {string} origin  of the workspace; "" on its own pages
 * @param {{name?: string, token?: string}} [options]
 * @returns {Promise<{token: string, exp: number, sub: string}>}
 */
export async function guest(origin, { name, token } = {}) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const ask = (proof) => {
    const body = JSON.stringify({ name: name || undefined, proof });
    return fetch(`${origin}/api/v1/guests`, { method: "POST", headers, body });
  };
  let answer = await ask();
  if ([403, 429].includes(answer.status)) answer = await (await import("./proof.js")).insist(answer, ask);
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const { code = "unavailable", detail: message = answer.statusText } = said;
  throw new Refused({ code, message, retryAfter: Number(answer.headers.get("retry-after")) || undefined });
}
