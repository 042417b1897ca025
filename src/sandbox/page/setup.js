// People and chats: new ones, the bot shut out, everything anew.

import { $, h, nameOf } from "./dom.js";
import { attempt } from "./act.js";
import { view } from "./chats.js";
import { chatOf, on, open, speaker, store } from "./store.js";

export function start() {
  submit("user-form", addUser);
  submit("group-form", addGroup);
  $("standing").addEventListener("click", turnStanding);
  $("expire").addEventListener("click", () => attempt("expire", {}));
  $("reset").addEventListener("click", () => attempt("reset", {}));
  on("state", showPeople);
  on("users", showPeople);
  on("open", showStanding);
  on("chat", showStanding);
}

/** Sends a form and opens the chat that comes of it. */
function submit(id, act) {
  const form = $(id);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const made = await act(form.elements);
    if (!made) return;
    form.reset();
    open(made.chat);
    view("chat");
  });
}

async function addUser({ first_name: first, username }) {
  const body = { first_name: first.value, username: username.value || null };
  const made = await attempt("users", body);
  return made && attempt("chats", { user: made.user });
}

function addGroup({ title }) {
  const boxes = $("group-members").querySelectorAll("input:checked");
  return attempt("chats", {
    title: title.value,
    members: [...boxes].map((box) => Number(box.value)),
  });
}

function turnStanding() {
  const chat = store.current;
  const standing = chatOf(chat).standing === "kicked" ? "member" : "kicked";
  attempt("standing", { chat, user: speaker(chat), standing });
}

function showPeople() {
  const boxes = [...store.users.values()].map((user) => {
    const box = h("input", { type: "checkbox", value: user.id, checked: true });
    return h("label", { class: "check" }, box, nameOf(user));
  });
  $("group-members").replaceChildren(h("legend", {}, "Members"), ...boxes);
}

function showStanding() {
  const chat = chatOf(store.current);
  if (!chat) return;
  const words =
    chat.type === "private"
      ? { member: "Block the bot", kicked: "Unblock the bot" }
      : { member: "Throw the bot out", kicked: "Let the bot in" };
  $("standing").textContent = words[chat.standing];
}
