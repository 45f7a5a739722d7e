import { Refused } from "./refused.js";

/**
 * A call of the REST API as whoever is on the socket; a POST where there is something to send.
 *
 * @param {{url: string, options: object, token: (fresh?: boolean) => Promise<string | null>}} client
 * @param {{query?: object, body?: FormData | Blob, signal?: AbortSignal}} what a Blob's type says what it is
 * @returns {Promise<object>} what was answered. Rejects with Refused, or as `fetch` does where there is no network.
 */
export async function call(client, path, { query = {}, body, signal }) {
  const given = Object.entries(query).filter(([, value]) => value);
  const url = new URL(`/api/v1/${path}`, client.url.replace("ws", "http"));
  url.search = new URLSearchParams(given);
  const ask = async (fresh) => {
    const token = await client.token(fresh);
    return fetch(url, { method: body ? "POST" : "GET", headers: token ? { authorization: `Bearer ${token}` } : {}, body, signal });
  };
  let answer = await ask();
  if (answer.status === 401 && client.options.getToken) answer = await ask(true);
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const { code = "unavailable", detail: message = answer.statusText } = said;
  throw new Refused({ code, message, retryAfter: Number(answer.headers.get("retry-after")) || undefined });
}

export const json = (said) => new Blob([JSON.stringify(said)], { type: "application/json" });
