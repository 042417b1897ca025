// The list of chats and the head of the one that is open.

import { $, clock, h, nameOf, paintAvatar } from "./dom.js";
import { oneLine } from "./format.js";
import { gist } from "./media.js";
import { tell } from "./service.js";
import {
  authorOf,
  chatOf,
  newest,
  on,
  open,
  speaker,
  store,
  threadOf,
  topicsOf,
  unread,
} from "./store.js";

const ACTIONS = {
  typing: "typing",
  upload_document: "sending a file",
  upload_photo: "sending a photo",
  upload_voice: "sending a voice message",
  record_voice: "recording",
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

/** What the bot is doing in a chat just now, and in which topic. */
export function doing(chat) {
  const action = store.actions.get(chat);
  if (!action || action.until <= Date.now()) return null;
  return { words: `${ACTIONS[action.action] ?? action.action}…`, thread: action.thread };
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
  const missed = [...store.unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = missed > 0 ? `(${missed}) segue sandbox` : "segue sandbox";
}

function row(chat) {
  const last = newest(chat.id);
  const missed = unread(chat.id);
  const action = doing(chat.id);
  const group = chat.type !== "private";
  const one = group ? chat : store.bot;
  const author = last && group ? `${authorOf(last.from)?.first_name ?? ""}: ` : "";
  const said = (post) => (post.service ? tell(post, chat.id) : author + (oneLine(post.text) || gist(post)));
  const current = chat.id === store.current;
  const onclick = () => {
    open(chat.id);
    view("chat");
  };
  return h(
    "button",
    {
      type: "button",
      class: `row${missed > 0 ? " fresh" : ""}`,
      data: { chat: chat.id },
      "aria-current": current && "true",
      onclick,
    },
    paintAvatar(h("span", { "aria-hidden": "true" }), one),
    h("span", { class: "name" }, nameOf(one), group ? null : h("small", {}, `as ${nameOf(chat)}`)),
    h("time", {}, last ? clock(last.date * 1000) : ""),
    action
      ? h("span", { class: "preview busy" }, action.words)
      : h("span", { class: "preview" }, last ? said(last) : "No messages yet"),
    missed > 0
      ? h("span", { class: "badge", "aria-label": `${missed} unread` }, String(missed))
      : null,
  );
}

function showHead() {
  const chat = chatOf(store.current);
  if (!chat) return;
  const group = chat.type !== "private";
  const topic = topicsOf(chat.id).find(({ id }) => id === threadOf(chat.id));
  const action = doing(chat.id);
  const acts = action && (action.thread ?? null) === threadOf(chat.id);
  paintAvatar($("chat-avatar"), group ? chat : store.bot);
  $("chat-title").textContent = group ? nameOf(chat) : nameOf(store.bot);
  const presence = chat.standing === "kicked" ? "blocked" : online ? "online" : "bot is offline";
  const people = `${chat.members.length} people and ${nameOf(store.bot)}`;
  const role = chat.standing === "kicked" ? ", thrown out" : chat.rights ? ", administrator" : "";
  const status = group
    ? `${topic?.closed ? "closed topic · " : ""}${people}${role}`
    : `${presence} · you are ${nameOf(chat)}`;
  $("chat-status").textContent = acts
    ? `${group ? `${nameOf(store.bot)} is ` : ""}${action.words}`
    : status;
  $("chat-status").className = acts ? "busy" : !group && online ? "online" : "";
  $("as-label").hidden = !group;
  const options = chat.members.map((id) => h("option", { value: id }, store.users.get(id)?.first_name));
  $("as").replaceChildren(...options);
  $("as").value = String(speaker(chat.id));
}

export { view };
