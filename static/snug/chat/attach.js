/** Where files come in and are shown. What does the work is fetched when somebody first has to do with a file. */
import { $, h } from "./dom.js";

let loading;
const load = () => (loading ??= import($("attached").dataset.src));

/** Take what is chosen, pasted and dropped. @returns {() => Tray | undefined} what waits for the next message */
export function attaching(conversation, changed) {
  let tray;
  const come = async (event) => {
    const { files, types } = event.dataTransfer ?? event.clipboardData ?? event.target;
    // A table that is copied is a picture as well; it is meant as text.
    if (types && (!types.includes("Files") || types.includes("text/plain"))) return;
    event.preventDefault();
    const chosen = [...files]; // none while they are only dragged along
    $("file").value = "";
    if (!chosen.length || $("attach").hidden) return;
    const { Tray } = await load();
    tray ??= new Tray(conversation, changed);
    tray.add(chosen);
  };
  $("attached").replaceChildren();
  $("attach").hidden = !conversation.credentials.token && !conversation.credentials.csrf;
  $("file").onchange = $("text").onpaste = $("composer").parentElement.ondrop = $("composer").parentElement.ondragover = come;
  return () => tray;
}

/** The files of a message, as an element that fills itself. */
export function filesOf(files, { conversation }) {
  const box = h("div", { class: "files" });
  load().then(({ show }) => show(box, files, conversation));
  return box;
}
