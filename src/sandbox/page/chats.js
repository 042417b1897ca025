// The list of chats and the head of the one that is open.

import { $, clock, h, nameOf, paintAvatar } from "./dom.js";
import { oneLine } from "./format.js";
import { authorOf, chatOf, newest, on, open, speaker, store } from "./store.js";

const ACTIONS = {
  typing: "typing",
  upload_document: "sending a file",
  upload_photo: "sending a photo",
};
/** Whether the bot was there a moment ago: between two polls it is not gone. */
let online = false;
let leaving = 0;

export function start() {
  on("chats", showList);
  on("users", showList);
  on("state", () => {
    const known = chatOf(Number(location.hash.slice(1))) ?? chatOf(store.current);
    const first =
      [...store.chats.values()].find((chat) => chat.type === "private") ??
      [...store.chats.values()][0];
    open((known ?? first).id);
    showPolling();
  });
  on("open", (chat) => {
    history.replaceState(null, "", `#${chat}`);
    showHead();
  });
  on("chat", showHead);
  on("post", showHead);
  on("polling", showPolling);
  $("back-button").addEventListener("click", () => view("list"));
  $("as").addEventListener("change", () => {
    store.speakers.set(store.current, Number($("as").value));
    open(store.current);
  });
}

function view(name) {
  document.querySelector(".app").dataset.view = name;
}

function showPolling() {
  clearTimeout(leaving);
  if (store.polling) {
    online = true;
    showHead();
  } else {
    leaving = setTimeout(() => {
      online = false;
      showHead();
    }, 2500);
  }
}

/** What the bot is doing in a chat just now. */
function doing(chat) {
  const action = store.actions.get(chat);
  return action && action.until > Date.now() ? (ACTIONS[action.action] ?? action.action) : null;
}

function showList() {
  const date = (chat) => newest(chat.id)?.date ?? 0;
  const privateFirst = (one, two) => (two.type === "private") - (one.type === "private");
  const chats = [...store.chats.values()].sort(
    (one, two) => date(two) - date(one) || privateFirst(one, two),
  );
  const focused = document.activeElement?.dataset.chat;
  $("chats").replaceChildren(...chats.map(row));
  if (focused) $("chats").querySelector(`[data-chat="${focused}"]`)?.focus();
  const unread = [...store.unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = unread > 0 ? `(${unread}) segue sandbox` : "segue sandbox";
}

function row(chat) {
  const last = newest(chat.id);
  const unread = store.unread.get(chat.id) ?? 0;
  const group = chat.type !== "private";
  const one = group ? chat : store.bot;
  const author = last && group ? `${authorOf(last.from)?.first_name ?? ""}: ` : "";
  const current = chat.id === store.current;
  const onclick = () => {
    open(chat.id);
    view("chat");
  };
  return h(
    "button",
    {
      type: "button",
      class: `row${unread > 0 ? " fresh" : ""}`,
      data: { chat: chat.id },
      "aria-current": current && "true",
      onclick,
    },
    paintAvatar(h("span", { "aria-hidden": "true" }), one),
    h("span", { class: "name" }, nameOf(one), group ? null : h("small", {}, `as ${nameOf(chat)}`)),
    h("time", {}, last ? clock(last.date * 1000) : ""),
    h("span", { class: "preview" }, last ? author + oneLine(last.text) : "No messages yet"),
    unread > 0
      ? h("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread))
      : null,
  );
}

function showHead() {
  const chat = chatOf(store.current);
  if (!chat) return;
  const group = chat.type !== "private";
  const action = doing(chat.id);
  paintAvatar($("chat-avatar"), group ? chat : store.bot);
  $("chat-title").textContent = group ? nameOf(chat) : nameOf(store.bot);
  const presence = chat.standing === "kicked" ? "blocked" : online ? "online" : "bot is offline";
  const status = group
    ? `${chat.members.length} people and ${nameOf(store.bot)}`
    : `${presence} · you are ${nameOf(chat)}`;
  $("chat-status").textContent = action
    ? `${group ? `${nameOf(store.bot)} is ` : ""}${action}…`
    : status;
  $("chat-status").className = action ? "busy" : !group && online ? "online" : "";
  $("as-label").hidden = !group;
  const people = chat.members.map((id) => h("option", { value: id }, nameOf(store.users.get(id))));
  $("as").replaceChildren(...people);
  $("as").value = String(speaker(chat.id));
}

export { view };
