/** The menu of a message: a few emoji, those used last first, and commands. On narrow pages it comes up from below. */
import { $, h, icon, memory } from "./dom.js";

const RECENT = "snug.emoji";
const FEW = 6;
const OFFERED = [
  ..."👍 ❤️ 😂 🎉 👀 🙏 ✅ 👏 🔥 💯 🚀 🤝 😀 😊 😉 😍 🥳 😎 🤔 😮".split(" "),
  ..."😅 😢 😭 😡 🙄 🤷 👋 🙌 💪 👎 ❌ ❓ ☕ 🎂 🌱 ⭐".split(" "),
];
const GAP = 6;
const sheet = matchMedia("(max-width: 480px)");

export class Menu {
  #words;
  // Not "auto": the finger that opened it by resting would close it by leaving.
  #element = h("div", { class: "menu", role: "menu", popover: "manual" });
  #anchor;

  constructor(words) {
    this.#words = words;
    $("actions")?.remove();
    this.#element.id = "actions";
    this.#element.ariaLabel = words.say("actions");
    this.#element.onkeydown = (event) => this.#key(event);
    document.body.append(this.#element);
  }

  /** @param {{react: ((emoji: string) => void) | false, commands: {icon: string, label: string, act: () => void,
   *   danger?: boolean}[], byEmoji: boolean}} what */
  open(anchor, { react, commands, byEmoji }) {
    const again = this.#anchor === anchor;
    this.close();
    if (again) return;
    this.#anchor = anchor;
    anchor.setAttribute("aria-expanded", "true");
    const few = react && h("div", { class: "emoji", role: "group" }, ...this.#few(react));
    this.#element.replaceChildren(...[few, ...commands.map((command) => this.#command(command))].filter(Boolean));
    this.#element.showPopover();
    this.#place();
    $("scroll").addEventListener("wheel", this.close);
    addEventListener("pointerdown", this.#outside);
    addEventListener("blur", this.close);
    (byEmoji ? this.#items[0] : this.#items.find((item) => item.classList.contains("command")) ?? this.#items[0])?.focus();
  }

  close = () => {
    if (!this.#anchor) return;
    this.#anchor.setAttribute("aria-expanded", "false");
    this.#anchor = null;
    this.#element.hidePopover();
    $("scroll").removeEventListener("wheel", this.close);
    removeEventListener("pointerdown", this.#outside);
    removeEventListener("blur", this.close);
  };

  #outside = ({ target }) => {
    if (!this.#element.contains(target) && !this.#anchor.contains(target)) this.close();
  };

  get #items() {
    return [...this.#element.querySelectorAll("button")];
  }

  #few(react) {
    const row = [...new Set([...recent(), ...OFFERED])].slice(0, FEW);
    const label = this.#words.say("moreEmoji");
    const more = h("button", { class: "face", type: "button", role: "menuitem", title: label, onclick: () => this.#all(react) }, icon("plus"));
    more.ariaLabel = label;
    return [...row.map((emoji) => this.#face(emoji, react)), more];
  }

  #all(react) {
    const box = this.#element.querySelector(".emoji");
    box.classList.add("all");
    box.replaceChildren(...[...new Set([...recent(), ...OFFERED])].map((emoji) => this.#face(emoji, react)));
    this.#place();
    box.firstChild.focus();
  }

  #face(emoji, react) {
    const choose = () => {
      memory.set(RECENT, JSON.stringify([emoji, ...recent().filter((other) => other !== emoji)].slice(0, FEW)));
      this.#leave();
      react(emoji);
    };
    const face = h("button", { class: "face", type: "button", role: "menuitem", onclick: choose }, emoji);
    face.ariaLabel = this.#words.say("reactWith", { emoji });
    return face;
  }

  #command({ icon: name, label, act, danger }) {
    const run = () => {
      this.#leave();
      act();
    };
    return h("button", { class: danger ? "command danger" : "command", type: "button", role: "menuitem", onclick: run }, icon(name), label);
  }

  #leave() {
    const { key } = this.#anchor.closest("li").dataset;
    const anchor = this.#anchor.isConnected ? this.#anchor : document.querySelector(`[data-key="${CSS.escape(key)}"] .dots`);
    this.close();
    anchor?.focus({ preventScroll: true });
  }

  #key(event) {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    const back = getComputedStyle(this.#element).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
    const commands = items.findIndex((item) => item.classList.contains("command"));
    const faces = commands < 0 ? items.length : commands;
    const side = (step) => (at < faces ? (at + step + faces) % faces : at + step);
    const to = {
      ArrowDown: at < commands ? commands : at + 1,
      ArrowUp: at === commands ? 0 : at - 1,
      [back]: side(-1),
      [back === "ArrowLeft" ? "ArrowRight" : "ArrowLeft"]: side(1),
      Home: 0,
      End: -1,
    }[event.key];
    if (to !== undefined) items.at(to % items.length).focus();
    else if (event.key === "Escape") this.#leave();
    else if (event.key === "Tab") return this.#leave();
    else return;
    event.preventDefault();
    event.stopPropagation(); // Escape closes this, and not the widget as well
  }

  #place() {
    const { style } = this.#element;
    style.inset = "";
    if (sheet.matches) return;
    const anchor = this.#anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#element;
    const below = anchor.bottom + GAP + height <= innerHeight;
    const isLeft = anchor.left < innerWidth / 2;
    const left = Math.max(GAP, Math.min(isLeft ? anchor.left : anchor.right - width, innerWidth - width - GAP));
    const top = Math.max(GAP, below ? anchor.bottom + GAP : anchor.top - GAP - height);
    style.inset = `${top}px auto auto ${left}px`;
  }
}

const recent = () => memory.list(RECENT);
