/** The field in place of a message that its author is changing. Enter saves, Escape leaves it as it was. */
import { h } from "./dom.js";
import { lengthOf } from "./text.js";

export function editor(message, { words, limit, actions }) {
  const field = h("textarea", { rows: 1, dir: "auto", enterkeyhint: "done", value: actions.editing.text });
  field.ariaLabel = words.say("edit");
  const save = h("button", { class: "button small", type: "submit" }, words.say("save"));
  const leave = h("button", { class: "link", type: "button", onclick: () => actions.leave(message) }, words.say("cancel"));
  const over = h("span", { class: "over", role: "status" });
  const look = () => {
    const length = lengthOf(field.value);
    save.disabled = limit() !== null && length > limit();
    over.textContent = save.disabled ? words.say("over", { length, limit: limit() }) : "";
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  };
  field.oninput = () => {
    actions.editing.text = field.value;
    look();
  };
  field.onkeydown = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") {
      event.stopPropagation(); // it closes the editor, and not the widget as well
      actions.leave(message);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit(save.disabled ? undefined : save);
    }
  };
  const form = h("form", { class: "editor" }, field, h("p", { class: "choice" }, save, leave, over));
  form.onsubmit = (event) => {
    event.preventDefault();
    if (!save.disabled) actions.save(message, field.value.trim());
  };
  look();
  return form;
}
