// The pinned messages of the open chat: the bar under its head.

import { $, nameOf } from "./dom.js";
import { attempt } from "./act.js";
import { excerpt } from "./service.js";
import { authorOf, chatOf, emit, on, postsOf, speaker, store } from "./store.js";

/** The pin that the bar shows, by its place from the newest. */
let turned = 0;

export function start() {
  on("open", () => {
    turned = 0;
    show();
  });
  on("chat", show);
  on("post", show);
  $("pin-go").addEventListener("click", () => {
    const pins = pinned();
    emit("seek", pins.at(-1 - turned));
    turned = (turned + 1) % pins.length;
    show();
  });
  $("pin-off").addEventListener("click", () => {
    const message = pinned().at(-1 - turned);
    attempt("unpin", { chat: store.current, user: speaker(store.current), message });
  });
}

const pinned = () => chatOf(store.current)?.pinned ?? [];

export const isPinned = (post) => pinned().includes(post.id);

/** Pins a message, or takes it down. */
export function pin(post) {
  const path = isPinned(post) ? "unpin" : "pin";
  attempt(path, { chat: store.current, user: speaker(store.current), message: post.id });
}

function show() {
  const pins = pinned();
  if (turned >= pins.length) turned = 0;
  const post = postsOf(store.current).get(pins.at(-1 - turned));
  $("pin-bar").hidden = !post;
  if (!post) return;
  const count = pins.length > 1 ? ` ${pins.length - turned} of ${pins.length}` : "";
  $("pin-title").textContent = `Pinned${count} · ${nameOf(authorOf(post.from))}`;
  $("pin-text").textContent = excerpt(post);
}
