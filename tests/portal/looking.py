"""What a careful eye would see on a page: nothing sticks out, every word can be read, every control has a name."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

# Walks the page as it is painted. Colours go through a canvas, which turns any notation into what the screen shows.
_LOOK = """
() => {
  const faults = [];
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  const seen = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = seen(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };

  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) faults.push(`the page is ${width} wide in a window of ${innerWidth}`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (element.closest(".visually-hidden, .skip, :disabled, script, noscript, option")) continue;
    const ratio = contrast(seen(getComputedStyle(element).color), ground(element));
    if (ratio < 4.5) faults.push(`${ratio.toFixed(2)} : 1 for “${node.data.trim().slice(0, 40)}”`);
  }

  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids.filter((id, index) => ids.indexOf(id) !== index)) faults.push(`two elements are #${id}`);
  for (const element of document.querySelectorAll("[aria-describedby], [aria-labelledby], label[for]")) {
    const names = ["aria-describedby", "aria-labelledby", "for"].map((name) => element.getAttribute(name) ?? "");
    const named = names.join(" ").split(" ");
    for (const id of named.filter(Boolean)) if (!document.getElementById(id)) faults.push(`nothing is #${id}`);
  }
  const controls = "a[href], button, input:not([type=hidden]), select, textarea, summary, meter";
  for (const control of document.querySelectorAll(controls)) {
    if (control.closest("[aria-hidden=true]")) continue;
    const label = control.getAttribute("aria-label") || control.labels?.[0]?.textContent.trim();
    const words = label || control.textContent.trim() || control.querySelector("[aria-label]");
    if (!words) faults.push(`no name: ${control.outerHTML.slice(0, 80)}`);
  }
  const titles = [...document.querySelectorAll("h1")].filter((h1) => h1.checkVisibility());
  if (titles.length !== 1) faults.push(`${titles.length} h1`);
  if (!document.title || !document.documentElement.lang) faults.push("no title or no language");
  return faults;
}
"""


def faults_of(page: Page) -> list[str]:
    """What is wrong with the page as it stands in its window; empty when nothing is."""
    page.wait_for_load_state()  # a form's answer is in the tree before its style sheets are there
    found: list[Any] = page.evaluate(_LOOK)
    return [str(fault) for fault in found]
