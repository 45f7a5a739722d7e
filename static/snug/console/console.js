// On the console and on a room's page: keeps the figures fresh, marks the section in sight, closes menus. The page works without it.

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

// The link of the section that is being read: the one that was asked for, until the reader scrolls on by themselves.
const HEAD = 128; // pixels at the top of the window that the bar and the links may cover
const STILL = 4; // pixels within which nobody has scrolled

const side = document.querySelector("[data-side]");
const links = new Map([...side.querySelectorAll("a[href^='#']")].map((link) => [link.hash.slice(1), link]));
const sections = [...links.keys()].map((id) => document.getElementById(id));
let asked = "";
let askedAt = 0;
let marked = null;

function reading() {
  if (asked && Math.abs(scrollY - askedAt) <= STILL) return asked;
  asked = "";
  // The line we go by sinks to the foot of the window as the page comes to its end: the last sections never reach the top.
  const left = document.documentElement.scrollHeight - innerHeight;
  const line = HEAD + (innerHeight - HEAD) * (left > 0 ? Math.min(1, scrollY / left) : 0);
  return sections.findLast((section) => section.getBoundingClientRect().top <= line)?.id ?? sections[0].id;
}

function mark() {
  const link = links.get(reading());
  if (link === marked) return;
  marked?.removeAttribute("aria-current");
  marked = link;
  link.setAttribute("aria-current", "true");
  side.scrollLeft = link.offsetLeft - (side.clientWidth - link.offsetWidth) / 2; // on a phone, they are a row that scrolls
}

function ask() {
  const section = links.has(location.hash.slice(1)) && document.getElementById(location.hash.slice(1));
  const top = section ? section.getBoundingClientRect().top : -1;
  asked = top >= 0 && top < innerHeight ? section.id : ""; // after a reload the window may stand elsewhere
  askedAt = scrollY;
  mark();
}

addEventListener("scroll", () => requestAnimationFrame(mark), { passive: true });
addEventListener("resize", mark);
addEventListener("hashchange", ask);
side.addEventListener("click", () => requestAnimationFrame(ask)); // the same link twice changes no hash
mark();

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
  ask();
}

addEventListener("load", () => requestAnimationFrame(arrive));
