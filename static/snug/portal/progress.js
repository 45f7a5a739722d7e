// Watches a workspace being opened, and walks in when the door is open.

const OFTEN = 300; // milliseconds between two looks
const PATIENCE = 15000;

const list = document.querySelector("[data-progress]");
const words = document.querySelector("[data-words]");
const started = Date.now();

function mark(state) {
  let before = true;
  for (const step of list.querySelectorAll("[data-step]")) {
    const current = step.dataset.step === state;
    step.dataset.state = state === "open" || (before && !current) ? "done" : current ? "now" : "next";
    if (current) before = false;
  }
}

function fail() {
  for (const part of document.querySelectorAll("[data-opening]")) part.hidden = true;
  document.querySelector("[data-failed]").hidden = false;
}

async function look() {
  try {
    const response = await fetch(list.dataset.progress, { headers: { Accept: "application/json" }, cache: "no-store" });
    const answer = await response.json();
    if (answer.state === "failed") return fail();
    mark(answer.state);
    if (answer.next) return location.replace(answer.next);
  } catch {
    // The network is away for a moment: look again.
  }
  if (Date.now() - started > PATIENCE) words.textContent = "It takes longer than usual. You can leave this page open; it goes on by itself.";
  setTimeout(look, OFTEN);
}

if (!list.hidden) look();
