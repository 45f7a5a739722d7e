/** How the connection stands: a bar while it is away for longer than a blink, a page when the chat cannot go on. */
import { $, h, icon } from "./dom.js";

const BLINK = 1_500;
const FIRST = 4_000;
const SAID = 2_500;
const COUNTDOWN = 3_000; // shorter waits are not worth a figure
const PASSING = new Set(["token", "full", "busy", "unreachable", "host", "removed", "refused"]); // states that may pass
const STOPS = { 1003: "broken", 1009: "broken", 4000: "broken", 4001: "refused", 4003: "forbidden", 4004: "missing", 4402: "suspended" };

export class Notice {
  #words;
  #tenant;
  #timers = [];
  #shown = false;
  #wasOnline = false;
  #since = 0; // when the connection went, or 0

  constructor(words, tenant) {
    this.#words = words;
    this.#tenant = tenant;
  }

  /** @param {{state: string, code?: number, retryAt?: number}} change */
  connection(change, { loaded, isGuest, retry }) {
    this.#still();
    const { state, code, retryAt } = change;
    if (state === "idle") return;
    if (state === "online") return this.#back();
    if (state === "stopped") return this.stop(door(code, isGuest && !loaded), { retry, loaded });
    if (state === "offline") return this.#bar("offline");
    if (code === 4002 || code === 4029) return this.stop(code === 4002 ? "full" : "busy", { retry, loaded });
    this.#since ||= Date.now();
    const soon = () => this.#bar(this.#wasOnline ? "reconnecting" : "connecting");
    if (retryAt - Date.now() > COUNTDOWN) this.#countdown(retryAt, retry);
    else if (this.#shown) soon();
    else this.#later(soon, this.#since + (this.#wasOnline ? BLINK : FIRST) - Date.now());
  }

  /** The chat stands still. In the middle of a conversation that is a bar; before one, it is all there is. */
  stop(key, { retry, loaded = false } = {}) {
    this.#still();
    const embedded = document.body.classList.contains("embed");
    const here = inside(key, loaded) ?? (key === "missing" && embedded ? "missing_here" : key); // no list to choose from
    const [title, text] = this.#words.stop(here, { tenant: this.#tenant });
    const again = retry && PASSING.has(here)
      && h("button", { class: "button small", type: "button", onclick: retry }, this.#words.say("retry"));
    const passes = ["full", "busy"].includes(key);
    document.body.classList.toggle("stopped", !loaded || !passes);
    if (loaded && passes) return this.#show(h("b", {}, title), " ", text, " ", again);
    this.#hide();
    $("here").textContent = "";
    $("stop").hidden = false;
    $("stop").classList.toggle("foot", loaded); // what was said stays in sight above it
    $("stop").replaceChildren(...[
      h("span", { class: "seal" }, icon(["sign_in", "forbidden"].includes(key) ? "lock" : key === "missing" ? "door" : "info")),
      h("h2", {}, title), h("p", {}, text), again, key === "sign_in" && this.#staffDoor()].filter(Boolean));
  }

  #staffDoor() {
    return !document.body.classList.contains("embed")
      && h("a", { class: "link", href: `/login/?next=${encodeURIComponent(location.pathname)}` }, this.#words.say("signIn"));
  }

  #back() {
    const wasAway = this.#shown;
    $("stop").hidden = true;
    document.body.classList.remove("stopped");
    this.#wasOnline = true;
    this.#since = 0;
    if (!wasAway) return this.#hide();
    this.#show(icon("check"), this.#words.say("online"));
    $("notice").className = "notice well";
    this.#later(() => this.#hide(), SAID);
  }

  #bar(key) {
    this.#show(key === "offline" ? icon("alert") : h("span", { class: "spinner" }), h("span", {}, this.#words.say(key)));
  }

  #countdown(retryAt, retry) {
    const button = h("button", { class: "link", type: "button", onclick: retry }, this.#words.say("tryNow"));
    const text = h("span", { "aria-live": "off" });
    const tick = () => (text.textContent = this.#words.say("waiting", { n: Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) }));
    tick();
    this.#show(icon("alert"), text, " ", button);
    this.#timers.push(setInterval(tick, 1_000));
  }

  #show(...parts) {
    this.#shown = true;
    $("notice").className = "notice";
    $("notice").hidden = false;
    $("notice").replaceChildren(...parts.filter(Boolean));
  }

  #hide() {
    this.#shown = false;
    $("notice").hidden = true;
  }

  #later(act, delay) {
    this.#timers.push(setTimeout(act, delay));
  }

  #still() {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}

/** What shuts somebody out. A guest whom a room does not take may be one of its members, and has not said so yet. */
const door = (code, isStranger) => (isStranger && code === 4003 ? "sign_in" : STOPS[code] ?? "unreachable");

/** Shown out in the middle of a conversation, one is told something else than at the door. */
const inside = (key, loaded) => (loaded ? { forbidden: "removed", missing: "gone", refused: "token" }[key] : undefined);
