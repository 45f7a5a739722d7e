/** What is inside a message: links, emoji, length. Pure functions of strings. */

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`{}|\\^\u2066-\u2069\u202a-\u202e]+/gi;
const EMOJI = String.raw`(?:\p{RI}\p{RI}|\p{Extended_Pictographic}(?:\ufe0f|\p{EMod})*(?:\u200d\p{Extended_Pictographic}(?:\ufe0f|\p{EMod})*)*)`;
const FEW_EMOJI = new RegExp(`^(?:${EMOJI}\\s*){1,3}$`, "u");
const LONG = 1_200;
const SHORT = 700;
const LINES = 24;

/** @returns {{text: string, href?: string}[]} the text in pieces, links among them */
export function pieces(text) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const link = withoutTail(match[0]);
    if (!isAddress(link)) continue;
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    found.push({ text: link, href: addressOf(link) });
    at = match.index + link.length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

/** A message of one to three emoji and nothing else is drawn large. */
export const isEmoji = (text) => text.length <= 48 && FEW_EMOJI.test(text);

/** The beginning of a text that is too long to show at once, or null when it is not. */
export function beginning(text) {
  const lines = text.split("\n", LINES + 1);
  if (text.length <= LONG && lines.length <= LINES) return null;
  const start = lines.slice(0, LINES / 2).join("\n");
  return `${whole(start.slice(0, SHORT)).trimEnd()}…`;
}

/** Length as the server counts it: code points, after trimming. */
export const lengthOf = (text) => [...text.trim()].length;

/** Up to two letters that stand for a name. */
export function initials(name) {
  const words = name.replace(/[^\p{L}\p{N}\s]/gu, "").split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toLocaleUpperCase()).join("") || "?";
}

/** A colour for a person, always the same one. */
export function hueOf(id) {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return (hash * 137) % 360; // an angle that sets neighbours far apart
}

// Punctuation after a link belongs to the sentence; a closing bracket does unless it was opened inside.
function withoutTail(link) {
  let end = link.replace(/[.,:;!?…]+$/, "");
  while (/[)\]]$/.test(end) && !balanced(end)) end = end.slice(0, -1).replace(/[.,:;!?…]+$/, "");
  return end;
}

const balanced = (text) => text.split(/[([]/).length >= text.split(/[)\]]/).length;

const addressOf = (link) => (/^www/i.test(link) ? `https://${link}` : link);

function isAddress(link) {
  const address = addressOf(link);
  return URL.canParse(address) && /[.:]|^localhost$/.test(new URL(address).hostname);
}

const whole = (text) => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text);
