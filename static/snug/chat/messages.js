/** The list of messages: draws only what changed, keeps the reader's place, and knows whether the end is in sight. */
import { Actions } from "./actions.js";
import { drawRow, left, looksOf } from "./bubble.js";
import { $, announce, h } from "./dom.js";

const NEAR = 48;      // this close to the end counts as being there, in pixels
const AHEAD = 600;    // older messages are fetched this long before the top is reached
const SPOKEN = 200;   // how much of a message is read out

const skeleton = [...$("messages").children];

export class MessageList {
  #scroll = $("scroll");
  #list = $("messages");
  #pill = $("pill");
  #top = 0; // how far down it was when that was last looked at
  #beginning = $("beginning");
  #rows = new Map(); // key → {element, looks}
  #below = 0;        // arrived while the reader was further up
  #atEnd = true;
  #drawn = false;
  #context;
  #resizing;
  #ticking;
  #conversation;

  /** @param {() => void} seen called when the end of the list is in sight */
  constructor(conversation, words, seen) {
    this.#conversation = conversation;
    this.seen = seen;
    this.words = words;
    this.actions = new Actions(conversation, words, () => this.draw());
    this.#context = {
      words,
      conversation,
      actions: this.actions,
      names: (id) => conversation.people.nameOf(id),
      limit: () => conversation.limit,
      expanded: new Set(),
      redraw: () => this.draw(),
      retry: (id) => conversation.client.retry(id),
      discard: (id) => conversation.client.discard(id),
    };
    this.#scroll.onscroll = () => this.#scrolled();
    this.#pill.onclick = () => this.toEnd();
    this.#resizing = new ResizeObserver(() => this.#atEnd && this.toEnd());
    this.#resizing.observe(this.#scroll);
    this.#resizing.observe(this.#list); // pictures and their style come later
    this.#pill.hidden = true;
    this.#beginning.hidden = true;
    this.#list.replaceChildren(...skeleton);
  }

  /** Let go of the page: another list takes over. */
  leave() {
    this.#resizing.disconnect();
    this.actions.close();
    clearTimeout(this.#ticking);
  }

  draw() {
    if (!this.#conversation.loaded && !this.#conversation.client.pending.length) return;
    const places = this.#places();
    if (this.#atEnd) this.#conversation.trim();
    const { rows } = this.#conversation;
    this.actions.check(rows);
    this.#drawRows(rows);
    clearTimeout(this.#ticking);
    if (rows.some(({ message }) => message && left(message) > 0)) this.#ticking = setTimeout(() => this.draw(), 1_000);
    this.#drawBeginning();
    if (this.#atEnd) this.toEnd();
    else this.#keep(places);
    this.#drawn ||= this.#conversation.loaded;
    this.#drawPill();
    if (this.#atEnd) this.seen();
    this.#reachBack();
  }

  /** Another's message has come in. */
  arrived(message) {
    // Whoever has just scrolled up is not pulled down because their event is still to come.
    if (this.#scroll.scrollTop < this.#top) this.#scrolled();
    if (!this.#atEnd || document.hidden) this.#below++;
    announce(`${message.username}: ${(message.message || message.files?.[0].name || "").slice(0, SPOKEN)}`);
  }

  toEnd() {
    this.#atEnd = true;
    this.#below = 0;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#top = this.#scroll.scrollTop;
    this.#drawPill();
  }

  get atEnd() {
    return this.#atEnd;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    // What grows at the end between a scroll and its event, such as a picture, has not been scrolled away from.
    const stayed = this.#atEnd && scrollTop >= this.#top;
    this.#atEnd = stayed || scrollHeight - clientHeight - scrollTop < NEAR;
    this.#top = scrollTop;
    if (this.#atEnd) {
      this.#below = 0;
      this.seen();
    }
    this.#reachBack();
    this.#drawPill();
  }

  #reachBack() {
    const { loaded, older } = this.#conversation;
    if (loaded && older === "ready" && this.#scroll.scrollTop < AHEAD) this.#conversation.loadOlder();
  }

  #drawRows(rows) {
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, { element }] of this.#rows) if (!keys.has(key)) this.#forget(key, element);
    if (!this.#rows.size) this.#list.replaceChildren();
    const newest = this.#drawn && rows.at(-1)?.key;
    let after = null;
    for (const row of rows) {
      const element = this.#element(row, row.key === newest);
      const next = after ? after.nextSibling : this.#list.firstChild;
      if (element !== next) this.#list.insertBefore(element, next);
      after = element;
    }
  }

  #element(row, isNewest) {
    const looks = looksOf(row, this.#context);
    const known = this.#rows.get(row.key);
    if (known?.looks === looks) return known.element;
    const element = drawRow(row, this.#context);
    element.dataset.key = row.key;
    if (known) exchange(known.element, element);
    else if (isNewest) element.classList.add("arriving");
    this.#rows.set(row.key, { element, looks });
    return element;
  }

  #forget(key, element) {
    element.remove();
    this.#rows.delete(key);
  }

  /** The messages in view and where they stand, so that what is put in above them, or taken away, does not move them. Not
   * the very first one: it loses its name and time when older ones of its run come before it. */
  #places() {
    const { top, bottom } = this.#scroll.getBoundingClientRect();
    const found = [];
    for (const element of this.#list.querySelectorAll(".message ~ .message")) {
      const box = element.getBoundingClientRect();
      if (box.top > bottom) break;
      if (box.bottom > top) found.push({ key: element.dataset.key, offset: box.top });
    }
    return found;
  }

  #keep(places) {
    const place = places.find(({ key }) => this.#rows.has(key));
    if (place) this.#scroll.scrollTop += this.#rows.get(place.key).element.getBoundingClientRect().top - place.offset;
  }

  #drawBeginning() {
    const { loaded, hasOlder, older, timeline, room } = this.#conversation;
    const { words } = this;
    this.#beginning.hidden = !loaded;
    this.#beginning.className = `beginning ${hasOlder ? older : "reached"}`;
    if (!loaded) return;
    if (older === "failed") {
      const again = h("button", { class: "link", type: "button", onclick: () => this.#again() }, words.say("retry"));
      this.#beginning.replaceChildren(words.say("olderFailed"), " ", again);
    } else if (hasOlder) this.#beginning.replaceChildren(h("span", { class: "spinner" }));
    else if (!timeline.messages.length && !this.#conversation.client.pending.length) this.#drawEmpty();
    else this.#beginning.replaceChildren(timeline.oldest > 1 ? words.say("kept") : words.say("beginning", { room: this.title ?? room }));
  }

  #drawEmpty() {
    const { words } = this;
    this.#beginning.className = "beginning empty";
    this.#beginning.replaceChildren(h("b", {}, words.say("emptyTitle")), h("span", {}, words.say("emptyText")));
  }

  #again() {
    this.#conversation.older = "ready";
    this.#conversation.loadOlder();
  }

  #drawPill() {
    this.#pill.hidden = this.#atEnd || !this.#drawn;
    this.#pill.classList.toggle("fresh", this.#below > 0);
    const text = this.#below ? this.words.say("below", { n: this.#below }) : "";
    if (this.#pill.textContent !== text) this.#pill.textContent = text;
    this.#pill.ariaLabel = text || this.words.say("latest");
  }
}

/** Put a row's new element in the place of the old one, and the focus where it was. */
function exchange(old, element) {
  const focused = old.contains(document.activeElement) && document.activeElement.dataset.focus;
  old.replaceWith(element);
  if (!focused) return;
  const next = element.querySelector(`[data-focus="${CSS.escape(focused)}"]`) ?? element.querySelector(".dots");
  next?.focus({ preventScroll: true });
}
