// Keeps the overview's figures fresh, marks the section in sight, closes menus. The page works without it.

const OFTEN = 5000; // milliseconds between two looks at the figures

const stats = document.querySelector("[data-live]");
const figures = new Intl.NumberFormat("en");

function put(name, value) {
  stats.querySelector(`[data-${name}]`).textContent = value === null ? "?" : figures.format(value);
  const meter = stats.querySelector(`[data-${name}-meter]`);
  if (meter && value !== null) meter.value = value;
}

function note(words) {
  stats.querySelector("[data-live-note]").textContent = words;
}

async function look() {
  if (document.hidden) return;
  try {
    const response = await fetch(stats.dataset.live, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (response.type === "opaqueredirect") return note("Signed out. Reload the page to sign in.");
    if (!response.ok) throw new Error(response.status);
    const now = await response.json();
    put("connections", now.connections);
    put("messages", now.messages_today);
    put("rooms", now.rooms);
    note(now.connections === null ? "The count is away for a moment." : "over all rooms, now");
  } catch {
    note("Not fresh: the server cannot be reached.");
  }
}

setInterval(look, OFTEN);
document.addEventListener("visibilitychange", look);

// The link of the section that fills the upper part of the window.
const links = new Map([...document.querySelectorAll("[data-side] a")].map((link) => [link.hash.slice(1), link]));
const inSight = new Set();

function mark() {
  const current = [...links.keys()].find((id) => inSight.has(id));
  for (const [id, link] of links) {
    if (id === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) inSight[isIntersecting ? "add" : "delete"](target.id);
  mark();
}, { rootMargin: "-15% 0px -60% 0px" });
for (const id of links.keys()) watcher.observe(document.getElementById(id));

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

// A form that came back with an error is where the reader should be.
document.querySelector("[aria-invalid='true']")?.focus();
