// Copy buttons: <button class="copy" data-copy="ID"> copies the text of the element with that id.

const CONFIRMED = 1800; // milliseconds the button says so

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or a page without https: the text is selected instead
  }
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

function say(button, words) {
  const label = button.querySelector("[data-label]") ?? button;
  button.dataset.rest ??= label.textContent;
  label.textContent = words;
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => { label.textContent = button.dataset.rest; }, CONFIRMED);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const source = button && document.getElementById(button.dataset.copy);
  if (!source) return;
  const copied = await write(source.textContent.trim());
  if (!copied) select(source);
  say(button, copied ? "Copied" : "Selected");
});
