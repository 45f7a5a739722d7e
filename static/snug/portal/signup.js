// The address, suggested from the organisation's name and checked while it is typed.
// Without this script the form works as it is: the server checks the same things.

const PAUSE = 250; // milliseconds without a key before we ask

const form = document.querySelector("[data-signup]");
const organisation = form.elements.organisation;
const slug = form.elements.slug;
const state = form.querySelector("[data-slug-state]");

let chosen = slug.value !== ""; // once the person has touched the address, we suggest no more
let asked = 0;
let timer = 0;

function show(words, kind = "") {
  state.textContent = words;
  state.className = `slug-state ${kind}`;
}

function clearError() {
  document.getElementById("id_slug_error")?.remove();
  slug.removeAttribute("aria-invalid");
}

async function ask(parameters) {
  const mine = asked;
  try {
    const response = await fetch(`/signup/slug/?${new URLSearchParams(parameters)}`, { headers: { Accept: "application/json" } });
    if (!response.ok) return null;
    const answer = await response.json();
    return mine === asked ? answer : null; // an older question's answer comes too late
  } catch {
    return null; // offline: the server will check when the form is sent
  }
}

async function check(parameters) {
  const answer = await ask(parameters);
  if (!answer) return;
  if (parameters.organisation) slug.value = answer.slug;
  clearError();
  show(answer.words, answer.free ? "free" : answer.words && "refused");
}

// What is being asked about is out of date with each key; its answer must not come between.
function forget() {
  clearTimeout(timer);
  asked += 1;
}

function later(parameters) {
  forget();
  timer = setTimeout(check, PAUSE, parameters);
}

function suggest() {
  if (!chosen && organisation.value.trim()) later({ organisation: organisation.value });
}

organisation.addEventListener("input", suggest);
suggest(); // for what was typed, or filled in by the browser, before this script came

slug.addEventListener("input", () => {
  const plain = slug.value.toLowerCase().replace(/[\s_.]+/g, "-");
  if (plain !== slug.value) slug.value = plain;
  chosen = plain !== "";
  forget();
  if (plain) later({ slug: plain });
  else show("");
});
