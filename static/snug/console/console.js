// On every page of the console: keeps the figures fresh, marks the section in sight, closes menus. The pages work without it.
import { Sections } from "./sections.js";

const OFTEN = 5000; // milliseconds between two looks at the figures

const stats = document.querySelector("[data-live]");
const figures = new Intl.NumberFormat("en");

function put(name, value) {
  const figure = stats.querySelector(`[data-${name}]`);
  if (!figure) return; // it is on another page
  figure.textContent = value === null ? "?" : figures.format(value);
  const meter = stats.querySelector(`[data-${name}-meter]`);
  if (meter && value !== null) meter.value = value;
}

const note = stats?.querySelector("[data-live-note]");

function tell(words) {
  note.textContent = words;
}

async function look() {
  if (document.hidden) return;
  try {
    const response = await fetch(stats.dataset.live, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (response.type === "opaqueredirect") return tell("Signed out. Reload the page to sign in.");
    if (!response.ok) throw new Error(response.status);
    const now = await response.json();
    put("connections", now.connections);
    put("messages", now.messages_today);
    put("rooms", now.rooms);
    put("online", now.online);
    const isAway = now.connections === null || now.online === null;
    tell(isAway ? "The count is away for a moment." : note.dataset.liveNote);
  } catch {
    tell("Not fresh: the server cannot be reached.");
  }
}

if (stats) {
  setInterval(look, OFTEN);
  document.addEventListener("visibilitychange", look);
}

const side = document.querySelector("[data-side]");
const sections = side && new Sections(side); // a page of one section has none to mark

// A menu closes when something else is pressed, or with Escape.
const menus = [...document.querySelectorAll("details.menu")];
document.addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus.filter((each) => each.open)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A secret stands in this address no longer than needed: a reload would only find it gone.
if (new URLSearchParams(location.search).has("key")) history.replaceState(null, "", location.pathname + location.hash);

// What came back with an error, or what was just done, is where the reader should be.
// Not before the browser has gone to the section in the address: that takes the focus away again.
function arrive() {
  (document.querySelector("[aria-invalid='true']") ?? document.querySelector("[data-said]"))?.focus();
  sections?.ask();
}

addEventListener("load", () => requestAnimationFrame(arrive));
