/** Below a message: what others make of it, and who has seen it. */
import { avatar } from "./avatar.js";
import { h } from "./dom.js";

const FACES = 3;
const BRIEF = 44; // two names are told while they are no longer than this together

export function reactions(message, { words, actions, names }) {
  const chips = message.reactions.map((reaction) => {
    const { emoji, count, mine } = reaction;
    const label = words.say("reacted", { n: count, emoji });
    const toggle = () => actions.react(message, emoji);
    const chip = h("button", { class: "chip", type: "button", title: who(reaction, words, names) || label, disabled: !actions.writable, onclick: toggle },
      h("bdi", {}, emoji), " ", h("b", {}, words.number(count)));
    chip.ariaLabel = label;
    chip.ariaPressed = `${Boolean(mine)}`;
    chip.dataset.focus = `chip ${emoji}`;
    return h("li", {}, chip);
  });
  const list = h("ul", { class: "reactions" }, ...chips);
  list.ariaLabel = words.say("reactions");
  return list;
}

/** Names, as far as they are known. */
function who({ count, mine, users }, words, names) {
  const known = users.map((id) => names(id)).filter(Boolean).slice(0, 10);
  if (mine) known.unshift(words.say("you"));
  if (!known.length) return "";
  const rest = count - known.length;
  return rest > 0 ? `${known.join(", ")} ${words.say("more", { n: rest })}` : words.list(known);
}

export function seenBy(readers, { words }) {
  const names = readers.map(({ name }) => name).filter(Boolean);
  const [a, b] = names;
  const few = names.length === readers.length && (names.length === 1 || (names.length === 2 && a.length + b.length < BRIEF));
  const text = few ? words.say(b ? "seenTwo" : "seenOne", { a, b }) : words.say("seenMany", { n: readers.length });
  const faces = readers.filter(({ name }) => name).slice(0, FACES).map(({ id, name }) => avatar(id, name));
  return h("p", { class: "seen", title: words.list(names) }, ...faces, h("span", {}, text));
}
