// The chat page of the sandbox: starts the views and listens.

import { $, toast } from "./dom.js";
import { connect, emit, on, see } from "./store.js";
import { start as startChats, view } from "./chats.js";
import { start as startComposer } from "./composer.js";
import { start as startDrawer } from "./drawer.js";
import { start as startPins } from "./pins.js";
import { start as startPosts } from "./posts.js";
import { start as startTopics } from "./topics.js";

/** The system's light or dark until the person chooses, then what was chosen. */
function startTheme() {
  const root = document.documentElement;
  const chosen = localStorage.getItem("theme");
  if (chosen) root.dataset.theme = chosen;
  $("theme-button").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
}

let linked = true;
on("link", (now) => {
  if (linked !== now) toast(now ? "The sandbox is back" : "The sandbox is gone; waiting for it");
  linked = now;
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && see()) emit("chats");
});

startTheme();
startChats();
startTopics();
startPins();
startPosts();
startComposer();
startDrawer();
if (location.hash) view("chat");
connect();
