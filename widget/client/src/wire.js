/** What may go over the wire, and as which text. */

const MOST_BYTES = 64 * 1024 - 128; // a frame of more than 64 KiB ends the socket; on its way it is given a room and a ref

/** A text without halves of characters, such as cutting one can leave: nobody could store them. */
export const whole = (text) => text.replace(/[\ud800-\udfff]/gu, "\ufffd"); // of pairs this pattern sees the character

export const encode = (frame) => JSON.stringify(frame, (_, value) => (typeof value === "string" ? whole(value) : value));

/** Why a frame is too long to be sent, as {code, message}; undefined where it is not. `most` is in code points. */
export function excess(frame, most) {
  const length = typeof frame.message === "string" ? [...frame.message.trim()].length : 0;
  const say = (message) => ({ code: "MESSAGE_TOO_LONG", message });
  if (length > most) return say(`This message is ${shown(length)} characters; the limit here is ${shown(most)}.`);
  if (new TextEncoder().encode(encode(frame)).length > MOST_BYTES) return say("This is too large to be sent.");
}

const shown = (number) => number.toLocaleString("en");

/** The address of a workspace's sockets, from any address of its. */
export function socketUrl(address) {
  const url = new URL(address, globalThis.location?.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}
