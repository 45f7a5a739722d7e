/** Where one writes. It grows with the text, keeps a draft for each room, and counts only near the limit. */
import { attaching } from "./attach.js";
import { $, memory } from "./dom.js";
import { lengthOf } from "./text.js";

const NEAR_LIMIT = 0.9;

export class Composer {
  #text = $("text");
  #send = $("send");
  #count = $("count");
  #words;
  #conversation;
  #draft;
  #tray;

  /** @param {{sent: () => void, editLast: () => void}} act what follows a message that has gone to the outbox, and what
   * the arrow up does in an empty field */
  constructor(conversation, words, draftKey, { sent, editLast }) {
    this.#conversation = conversation;
    this.#words = words;
    this.#draft = draftKey;
    this.#tray = attaching(conversation, () => this.draw());
    this.#text.value = memory.get(draftKey) ?? "";
    this.#text.oninput = () => this.#changed();
    this.#text.onkeydown = (event) => this.#key(event, editLast);
    this.#text.onblur = () => conversation.client.typing(false);
    $("composer").onsubmit = (event) => {
      event.preventDefault();
      this.#submit(sent);
    };
    this.draw();
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  draw() {
    const length = lengthOf(this.#text.value);
    const { limit } = this.#conversation;
    const over = limit !== null && length > limit;
    const tray = this.#tray();
    this.#send.disabled = (!length && !tray?.files.length) || tray?.busy || over;
    this.#count.hidden = limit === null || length < limit * NEAR_LIMIT;
    this.#count.classList.toggle("over", over);
    this.#count.textContent = this.#count.hidden ? "" : over
      ? this.#words.say("over", { length, limit })
      : this.#words.say("left", { n: limit - length });
    this.#text.setAttribute("aria-invalid", over);
    this.#grow();
  }

  #changed() {
    memory.set(this.#draft, this.#text.value);
    this.#conversation.client.typing(this.#text.value.trim() !== "");
    this.draw();
  }

  // Enter sends; with Shift it breaks the line; while an input method composes, it belongs to that (229 in old Safari).
  #key(event, editLast) {
    if (event.key === "ArrowUp" && !this.#text.value && !event.isComposing) {
      event.preventDefault();
      return editLast();
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!this.#send.disabled) $("composer").requestSubmit();
  }

  #submit(sent) {
    if (this.#send.disabled) return;
    this.#conversation.say(this.#text.value, this.#tray()?.take());
    this.#text.value = "";
    memory.set(this.#draft, null);
    this.draw();
    sent();
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }
}
