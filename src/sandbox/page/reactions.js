// Reactions: beneath a message, and the row from which a person picks one.

import { h, nameOf } from "./dom.js";
import { attempt } from "./act.js";
import { authorOf, chatOf, speaker, store } from "./store.js";

/** What is offered where the chat allows everything. */
const OFFERED = ["👍", "👎", "❤", "🔥", "🎉", "👀", "🤔", "👌"];

/** The reactions to a message; none if there are none. */
export function reactions(post) {
  const people = Object.entries(post.reactions).map(([id, emoji]) => [Number(id), emoji]);
  const all = post.reaction ? [[store.bot.id, post.reaction], ...people] : people;
  if (all.length === 0) return null;
  const me = speaker(store.current);
  const chips = [...new Set(all.map(([, emoji]) => emoji))].map((emoji) => {
    const who = all.filter(([, one]) => one === emoji).map(([id]) => id);
    const mine = who.includes(me);
    const names = who.map((id) => nameOf(authorOf(id))).join(", ");
    return h(
      "button",
      {
        type: "button",
        class: `reaction${mine ? " mine" : ""}`,
        title: names,
        "aria-label": `Reaction ${emoji} by ${names}`,
        onclick: () => react(post, mine ? null : emoji),
      },
      emoji,
      h("small", {}, who.includes(store.bot.id) ? nameOf(store.bot) : String(who.length)),
    );
  });
  return h("p", { class: "reactions" }, chips);
}

function react(post, emoji) {
  const chat = store.current;
  attempt("react", { chat, user: speaker(chat), message: post.id, emoji });
}

/** Offers the reactions of the chat on a message, until one is picked or something else is done. */
export function offer(post) {
  document.querySelector(".offer")?.remove();
  const bubble = document.querySelector(`[data-message="${post.id}"] .bubble`);
  const emojis = chatOf(store.current)?.reactions ?? OFFERED;
  const row = h(
    "div",
    { class: "offer", role: "menu", "aria-label": "Reactions" },
    emojis.length === 0 ? h("span", {}, "This chat allows none.") : null,
    emojis.map((emoji) =>
      h(
        "button",
        { type: "button", role: "menuitem", data: { react: emoji }, onclick: () => react(post, emoji) },
        emoji,
      ),
    ),
  );
  bubble?.append(row);
  const away = () => row.remove();
  setTimeout(() => document.addEventListener("click", away, { once: true }));
}
