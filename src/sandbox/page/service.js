// Service messages: what was done to a chat, in words, and as the pill in the conversation.

import { h, nameOf } from "./dom.js";
import { oneLine } from "./format.js";
import { gist } from "./media.js";
import { authorOf, chatOf, emit, postsOf, store } from "./store.js";

const WORDS = {
  topic_created: ({ name }) => `made the topic “${name}”`,
  topic_edited: ({ name }) => `renamed the topic to “${name}”`,
  topic_closed: () => "closed the topic",
  topic_reopened: () => "opened the topic again",
  pinned: ({ message }, chat) => {
    const pinned = postsOf(chat).get(message);
    return pinned ? `pinned “${excerpt(pinned)}”` : "pinned a message that is gone";
  },
};

/** The beginning of a message. */
export function excerpt(post) {
  const line = oneLine(post.text) || gist(post);
  return line.length > 60 ? `${line.slice(0, 59).trimEnd()}…` : line;
}

/** What a service message tells. */
export function tell(post, chat) {
  const who = post.anonymous ? chatOf(chat) : authorOf(post.from);
  return `${nameOf(who)} ${WORDS[post.service.kind](post.service, chat)}`;
}

/** A service message as it stands in the conversation. */
export function pill(post) {
  const text = tell(post, store.current);
  const target = post.service.message;
  const told = target
    ? h("button", { type: "button", onclick: () => emit("seek", target) }, text)
    : h("span", {}, text);
  return h("article", { class: "post service", data: { message: post.id } }, told);
}
