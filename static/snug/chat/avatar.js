/** A person as a circle: the first letters of the name on a colour of their own. */
import { h } from "./dom.js";
import { hueOf, initials } from "./text.js";

export function avatar(id, name) {
  const circle = h("span", { class: "avatar", "aria-hidden": "true" }, initials(name));
  circle.style.setProperty("--hue", hueOf(id));
  return circle;
}
