// The topics of the open chat: the strip under its head, and what is done to them.

import { $, h } from "./dom.js";
import { attempt } from "./act.js";
import { doing } from "./chats.js";
import {
  chatOf,
  emit,
  on,
  open,
  speaker,
  store,
  threadOf,
  topicsOf,
  unread,
} from "./store.js";

export function start() {
  for (const kind of ["open", "chat", "chats", "bot"]) on(kind, show);
  on("topic", (thread) => open(store.current, thread));
  $("topic-form").addEventListener("submit", named);
  $("topic-cancel").addEventListener("click", () => $("topic-dialog").close());
}

/** Whether a person may make a topic here. */
export function mayOpen(chat) {
  if (!chat) return false;
  const { has_topics_enabled: has, allows_users_to_create_topics: lets } = store.settings;
  return chat.type === "private" ? has && lets : chat.is_forum === true;
}

function show() {
  const chat = chatOf(store.current);
  const topics = topicsOf(store.current);
  const offers = mayOpen(chat);
  $("topics").hidden = topics.length === 0 && !offers;
  if ($("topics").hidden) return;
  const current = threadOf(store.current);
  const whole = { id: null, name: chat.type === "private" ? "All" : "General" };
  const left = $("topics").scrollLeft;
  $("topics").replaceChildren(
    ...[whole, ...topics].map((topic) => tab(chat, topic, current)),
    ...(offers ? [make()] : []),
  );
  $("topics").scrollLeft = left;
}

function tab(chat, topic, current) {
  const chosen = topic.id === current;
  const missed = unread(chat.id, topic.id);
  const action = doing(chat.id);
  const acts = action && (action.thread ?? null) === topic.id;
  const parts = [
    topic.id === null ? null : h("i", { "aria-hidden": "true", data: { color: topic.icon_color } }),
    h("span", {}, `${topic.name}${topic.closed ? " 🔒" : ""}${acts ? " …" : ""}`),
    missed > 0 ? h("b", { "aria-label": `${missed} unread` }, String(missed)) : null,
  ];
  const pick = h(
    "button",
    {
      type: "button",
      role: "tab",
      "aria-selected": String(chosen),
      title: topic.name,
      data: { topic: topic.id ?? "" },
      onclick: () => open(chat.id, topic.id),
    },
    parts,
  );
  const more = { type: "button", class: "more", title: "Rename, close or delete", data: { more: topic.id } };
  const menu = h("button", { ...more, "aria-label": more.title, onclick: () => edit(topic) }, "⋯");
  return h("span", { class: "tab" }, pick, chosen && topic.id !== null ? menu : null);
}

function make() {
  const label = { title: "New topic", "aria-label": "New topic" };
  return h(
    "button",
    { type: "button", class: "new", id: "topic-new", onclick: () => edit(null), ...label },
    "+ Topic",
  );
}

/** The dialog for a topic, or for a new one. */
function edit(topic) {
  const { name } = $("topic-form").elements;
  const group = chatOf(store.current).type !== "private";
  name.value = topic?.name ?? "";
  $("topic-form").dataset.topic = topic?.id ?? "";
  $("topic-title").textContent = topic ? "Topic" : "New topic";
  $("topic-save").textContent = topic ? "Rename" : "Create";
  $("topic-close").hidden = !topic || !group;
  $("topic-close").textContent = topic?.closed ? "Open again" : "Close";
  $("topic-close").onclick = () => change(topic, topic.closed ? "reopen" : "close");
  $("topic-delete").hidden = !topic;
  $("topic-delete").onclick = () => change(topic, "delete");
  $("topic-dialog").showModal();
  name.focus();
}

async function change(topic, kind) {
  const body = { chat: store.current, user: speaker(store.current), topic: topic.id };
  $("topic-dialog").close();
  await attempt("topic", { ...body, change: kind });
}

async function named(event) {
  event.preventDefault();
  const { name } = event.target.elements;
  const topic = Number(event.target.dataset.topic);
  const [chat, user] = [store.current, speaker(store.current)];
  $("topic-dialog").close();
  if (topic) {
    await attempt("topic", { chat, user, topic, change: "rename", name: name.value });
    return;
  }
  const made = await attempt("topics", { chat, user, name: name.value });
  if (!made) return;
  open(chat, made.topic);
  emit("said");
}
