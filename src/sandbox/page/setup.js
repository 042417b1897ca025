// Set-up: what the owner of a chat and of the bot decides, new people and chats, everything anew.

import { $, h, nameOf } from "./dom.js";
import { attempt } from "./act.js";
import { view } from "./chats.js";
import { chatOf, on, open, speaker, store } from "./store.js";

export function start() {
  submit("user-form", addUser);
  submit("group-form", addGroup);
  $("chat-form").addEventListener("change", ({ target }) => setChat(target));
  $("chat-form").addEventListener("submit", (event) => event.preventDefault());
  $("bot-form").addEventListener("change", setBot);
  $("standing").addEventListener("click", turnStanding);
  $("expire").addEventListener("click", () => attempt("expire", {}));
  $("reset").addEventListener("click", () => attempt("reset", {}));
  on("state", showPeople);
  on("users", showPeople);
  for (const kind of ["open", "chat"]) on(kind, showChat);
  for (const kind of ["state", "bot"]) on(kind, showBot);
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

const RIGHTS = ["manage_topics", "pin_messages", "delete_messages"];

/** Does what was changed in the form of the open chat. */
function setChat({ name, checked, value }) {
  const chat = store.current;
  const user = speaker(chat);
  if (name === "forum") attempt("forum", { chat, forum: checked ? "on" : "off" });
  if (name === "guise") attempt("guise", { chat, user, guise: checked ? "group" : "person" });
  if (name === "reactions") attempt("reactions", { chat, allowed: emojis(value) });
  if (!RIGHTS.includes(name)) return;
  const { elements } = $("chat-form");
  const rights = Object.fromEntries(RIGHTS.map((right) => [right, elements[right].checked]));
  const any = Object.values(rights).some(Boolean);
  attempt("standing", { chat, user, standing: "member", rights: any ? rights : null });
}

/** The emoji of a line; none: all that there are. */
function emojis(line) {
  if (line.trim() === "") return null;
  return line.split(/\s+/).filter((one) => one !== "" && one !== "-");
}

function setBot() {
  const { elements } = $("bot-form");
  const settings = { ...store.settings };
  for (const name of Object.keys(settings)) {
    if (elements[name]) settings[name] = elements[name].checked;
  }
  attempt("settings", settings);
}

function showBot() {
  const { elements } = $("bot-form");
  for (const [name, on] of Object.entries(store.settings)) {
    if (elements[name]) elements[name].checked = on;
  }
  const { short_description: short, description } = store.profile;
  $("bot-about").textContent = [nameOf(store.bot), short, description].filter(Boolean).join(" · ");
}

function showPeople() {
  const boxes = [...store.users.values()].map((user) => {
    const box = h("input", { type: "checkbox", value: user.id, checked: true });
    return h("label", { class: "check" }, box, nameOf(user));
  });
  $("group-members").replaceChildren(h("legend", {}, "Members"), ...boxes);
}

function showChat() {
  const chat = chatOf(store.current);
  if (!chat) return;
  const { elements } = $("chat-form");
  for (const part of $("chat-form").querySelectorAll("[data-group]")) {
    part.hidden = chat.type === "private";
  }
  elements.forum.checked = chat.is_forum === true;
  elements.guise.checked = chat.anonymous.includes(speaker(chat.id));
  for (const right of RIGHTS) elements[right].checked = chat.rights?.[right] === true;
  const { reactions } = chat;
  if (document.activeElement !== elements.reactions) {
    elements.reactions.value = reactions ? reactions.join(" ") || "-" : "";
  }
  const words =
    chat.type === "private"
      ? { member: "Block the bot", kicked: "Unblock the bot" }
      : { member: "Throw the bot out", kicked: "Let the bot in" };
  $("standing").textContent = words[chat.standing];
}
