/** Building pages without markup in strings: text of people can never become an element. */

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

/** An element; `class`, `on…` and plain properties as given, everything with a dash as an attribute. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** One of the symbols that the page carries (widget/icons.py). */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** Say something to those who listen to the page instead of looking at it. */
export function announce(text) {
  $("announce").textContent = text;
}

/** Storage that may be full or forbidden, as in a frame with blocked cookies: then it forgets, and nothing breaks. */
export const memory = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  /** @returns {string[]} a list that was kept as JSON; empty where there is none */
  list(key) {
    try {
      return JSON.parse(this.get(key) ?? "[]").filter((item) => typeof item === "string");
    } catch {
      return [];
    }
  },
  /** @returns {boolean} whether it is kept; if not, nothing is lost but convenience */
  set(key, value) {
    try {
      if (value === null || value === "") localStorage.removeItem(key);
      else localStorage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  },
};
