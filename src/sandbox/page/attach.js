// How other things than short texts leave the page: files are chosen, dropped or pasted, long texts
// are split as Telegram's clients do, and of voices, stickers and places there is one of each.

import { $ } from "./dom.js";
import { sendThing } from "./act.js";
import { hum } from "./voice.js";

/** Longest text of a message, UTF-16 units. */
const LONGEST = 4096;

/** Where the garden is, millionths of a degree. */
const PLACE = [52_457_000, 13_306_000];

/** The menu of things that can be sent. */
function things(acts) {
  const [button, menu] = [$("attach"), $("things")];
  const show = (open) => {
    menu.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => show(menu.hidden));
  for (const item of menu.children) {
    item.addEventListener("click", () => {
      show(false);
      acts[item.dataset.thing]();
    });
  }
  document.addEventListener("pointerdown", ({ target }) => {
    if (!menu.contains(target) && !button.contains(target)) show(false);
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
}

/** Calls `send` with the files that a person chooses, drops or pastes. */
export function watch(send) {
  const chosen = $("files");
  things({
    files: () => chosen.click(),
    voice: () => send([hum()]),
    sticker: () => sendThing({ sticker: "🌱" }),
    location: () => sendThing({ location: PLACE }),
  });
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
