/** The server refused: `code` for programs, the message for people, `retryAfter` in seconds. */
export class Refused extends Error {
  constructor({ message, ...more }) {
    super(message);
    Object.assign(this, { name: "Refused", ...more });
  }
}
