/** Snug's JavaScript client, without dependencies. Types: snug-client.d.ts. */
export { Refused } from "./refused.js";
export { SnugClient } from "./room.js";
export { Snug } from "./snug.js";
