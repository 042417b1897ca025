// How files and long texts leave the page: chosen, dropped or pasted; split as Telegram's clients do.

import { $ } from "./dom.js";

/** Longest text of a message, UTF-16 units. */
const LONGEST = 4096;

/** Calls `send` with the files that a person chooses, drops or pastes. */
export function watch(send) {
  const chosen = $("files");
  $("attach").addEventListener("click", () => chosen.click());
  chosen.addEventListener("change", () => {
    const files = [...chosen.files];
    chosen.value = "";
    if (files.length > 0) send(files);
  });
  const chat = document.querySelector("main.chat");
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  chat.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    chat.classList.add("dropping");
  });
  chat.addEventListener("dragleave", () => chat.classList.remove("dropping"));
  chat.addEventListener("drop", (event) => {
    chat.classList.remove("dropping");
    if (!carries(event)) return;
    event.preventDefault();
    send([...event.dataTransfer.files]);
  });
  $("input").addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    send(files);
  });
}

/** A text in messages: split at white space where there is some. */
export function pieces(text) {
  const all = [];
  let rest = text;
  while (rest.length > LONGEST) {
    const at = Math.max(rest.lastIndexOf("\n", LONGEST), rest.lastIndexOf(" ", LONGEST));
    const end = at > LONGEST - 200 ? at : LONGEST;
    all.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...all, rest];
}
