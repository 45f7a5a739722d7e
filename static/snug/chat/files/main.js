/** Files: chosen ones on their way up, and those of messages on their way down. Fetched when they are first needed. */
import { get, send } from "./wire.js";
import { h, icon } from "../dom.js";

document.head.append(h("link", { rel: "stylesheet", href: import.meta.url.replace(".js", ".css") }));

const MOST = 10;
const PICTURE = /^image\/(?!svg)/;
const SHOWN = /^(image\/(?!svg)|audio|video)/;
const EARLY = "400px"; // pictures are fetched this long before they come into sight

const sizes = (language) => (bytes) => {
  const [value, unit] = bytes < 1e6 ? [Math.max(bytes / 1e3, 0.1), "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
};
const sizeOf = sizes(document.documentElement.lang || undefined);

/** What has been chosen and waits for its message. */
export class Tray {
  #items = []; // {element, file?, failed?, stop?}
  #conversation;
  #changed;
  #list = document.getElementById("attached");

  constructor(conversation, changed) {
    this.#conversation = conversation;
    this.#changed = changed;
  }

  /** Those that the server has. */
  get files() {
    return this.#items.filter((item) => item.file).map((item) => item.file);
  }

  get busy() {
    return this.#items.some((item) => !item.file && !item.failed);
  }

  add(chosen) {
    for (const one of chosen.slice(0, MOST - this.#items.length)) this.#begin(one);
    this.#changed();
  }

  /** The files go with a message. */
  take() {
    const { files } = this;
    for (const { element } of this.#items) element.remove();
    this.#items = [];
    return files;
  }

  async #begin(chosen) {
    const item = { element: this.#draw(chosen) };
    this.#items.push(item);
    this.#list.append(item.element);
    item.element.querySelector("button").onclick = () => this.#remove(item);
    try {
      item.file = await send(this.#conversation, chosen, item, (part) => (item.element.querySelector("progress").value = part));
      this.#ready(item);
    } catch (error) {
      item.failed = true;
      item.element.classList.add("failed");
      item.element.querySelector("small").textContent = error.message || "✕";
    }
    item.element.querySelector("progress").remove();
    this.#changed();
  }

  #draw({ name, size }) {
    const remove = h("button", { type: "button", class: "quiet icon", ariaLabel: `✕ ${name}` }, icon("trash"));
    const bar = h("progress", { max: 1, value: 0, ariaLabel: name });
    return h("li", { class: "file" }, icon("arrow-right"), h("span", {}, h("bdi", {}, name), h("small", {}, sizeOf(size))), bar, remove);
  }

  #ready({ element, file }) {
    if (file.thumbnail_url) element.firstChild.replaceWith(h("img", { src: local(file.thumbnail_url), alt: "" }));
  }

  #remove(item) {
    item.stop?.();
    item.element.remove();
    this.#items = this.#items.filter((other) => other !== item);
    this.#changed();
  }
}

/** Fill a message's box: pictures are shown, all else is named. */
export function show(box, files, conversation) {
  for (const file of files) {
    const button = h("button", { type: "button", title: file.name, onclick: () => open(file, conversation, button) });
    if (PICTURE.test(file.type) && file.width) picture(button, file, conversation);
    else {
      button.className = "file";
      button.append(icon("arrow-right"), h("span", {}, h("bdi", {}, file.name), h("small", {}, sizeOf(file.size))));
    }
    box.append(button);
  }
}

function picture(button, file, conversation) {
  const scale = Math.min(1, 320 / file.width, 320 / file.height);
  const image = h("img", { alt: file.name, width: Math.ceil(file.width * scale), height: Math.ceil(file.height * scale) });
  button.className = "picture";
  button.append(image);
  const near = new IntersectionObserver(async (seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    near.disconnect();
    const { thumbnail_url } = await get(conversation, file.id).catch(() => ({}));
    if (thumbnail_url) image.src = local(thumbnail_url);
  }, { rootMargin: EARLY });
  near.observe(button);
}

// What a browser shows gets a tab, opened while the click is still the visitor's own; all else is downloaded from here.
async function open(file, conversation, button) {
  const tab = SHOWN.test(file.type) ? window.open("", "_blank") : null;
  if (tab) tab.opener = null;
  try {
    const { url } = await get(conversation, file.id);
    if (tab) tab.location = local(url);
    else h("a", { href: local(url), download: file.name }).click();
  } catch (error) {
    tab?.close();
    button.title = error.message;
    button.disabled = true;
  }
}

/** The link on this very host, whichever name of it the answer had. */
const local = (url) => {
  const { pathname, search } = new URL(url);
  return pathname + search;
};
