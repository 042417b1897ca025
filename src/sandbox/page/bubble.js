// One message as an element. Knows how it looks, not where it stands.

import { clock, colorOf, copy, h, icon, nameOf, paintAvatar } from "./dom.js";
import { attempt, follow, forward, isBusy, press, say } from "./act.js";
import { isPinned, pin } from "./pins.js";
import { format, oneLine } from "./format.js";
import { gist, media } from "./media.js";
import { offer, reactions } from "./reactions.js";
import { pill } from "./service.js";
import { authorOf, chatOf, emit, postsOf, speaker, store, threadOf, topicsOf } from "./store.js";

/** Unfolded quotations of each message, so that an edit leaves them open. */
const unfolded = new Map();

/** A message with its buttons. */
export function build(post) {
  if (post.service) return pill(post);
  const chat = chatOf(store.current);
  const author = post.anonymous ? chat : authorOf(post.from);
  const outgoing = post.from === speaker(store.current);
  const group = chat?.type !== "private";
  const elsewhere = topicsOf(store.current).find(({ id }) => id === post.thread);
  const bubble = h(
    "div",
    { class: "bubble" },
    group && !outgoing ? paintAvatar(h("span", { "aria-hidden": "true" }), author) : null,
    group && (!outgoing || post.anonymous)
      ? h("span", { class: `author ${colorOf(author?.id ?? 0)}` }, nameOf(author))
      : null,
    elsewhere && threadOf(store.current) === null ? label(elsewhere) : null,
    post.reply_to ? quotation(post.reply_to, post.quote) : null,
    post.forwarded
      ? h("p", { class: "forwarded" }, `Forwarded from ${nameOf(authorOf(post.forwarded))}`)
      : null,
    post.media ? media(post.media) : null,
    h("div", { class: "text" }, format(post, acts(post)), meta(post)),
    reactions(post),
    actions(post, outgoing),
  );
  return h(
    "article",
    {
      class: `post ${outgoing ? "out" : "in"}${group ? " group" : ""}`,
      tabindex: 0,
      data: { message: post.id, from: post.from },
      "aria-label": `${nameOf(author)}, ${clock(post.date * 1000)}`,
    },
    h("div", { class: "stack" }, bubble, post.keyboard ? keyboard(post) : null),
  );
}

/** Which topic a message stands in, where all are shown. */
function label(topic) {
  const onclick = () => emit("topic", topic.id);
  return h("button", { type: "button", class: "in-topic", onclick }, `# ${topic.name}`);
}

/** What the bot is still writing. */
export function buildDraft(draft) {
  const chat = store.current;
  const text = h(
    "div",
    { class: "text" },
    format(draft, { opened: new Set(), command: say, link: follow }),
    h("span", { class: "dots", "aria-hidden": "true" }),
  );
  const stop = h(
    "button",
    { type: "button", class: "key stop", onclick: () => attempt("stop", { chat }) },
    icon("stop"),
    "Stop",
  );
  const stack = h("div", { class: "stack" }, h("div", { class: "bubble" }, text));
  if (draft.can_stop) stack.append(stop);
  return h("article", { class: "post in draft first last", "aria-label": "Being written" }, stack);
}

function acts(post) {
  const key = `${store.current}/${post.id}`;
  if (!unfolded.has(key)) unfolded.set(key, new Set());
  return { opened: unfolded.get(key), command: say, link: follow };
}

function meta(post) {
  return h(
    "span",
    { class: "meta" },
    post.from === store.bot.id ? sound(post) : null,
    post.edits > 0 ? h("span", {}, "edited") : null,
    h("time", { datetime: new Date(post.date * 1000).toISOString() }, clock(post.date * 1000)),
  );
}

/** Whether the telephone made a sound. */
function sound({ silent }) {
  const [name, title] = silent
    ? ["silent", "Came without a sound"]
    : ["loud", "Came with a sound"];
  return h("span", { class: name, title, role: "img", "aria-label": name }, icon(name));
}

/** What a message answers, or the part of it that was picked. */
function quotation(id, quote) {
  const target = postsOf(store.current).get(id);
  if (!target) return h("p", { class: "quote gone" }, "Deleted message");
  const onclick = () => emit("seek", id);
  return h(
    "button",
    { type: "button", class: `quote ${colorOf(target.from)}`, data: { quote: id }, onclick },
    h("b", {}, nameOf(authorOf(target.from))),
    h("span", {}, quote ? `“${oneLine(quote)}”` : oneLine(target.text || gist(target))),
  );
}

function actions(post, outgoing) {
  const button = (name, label, onclick) =>
    h(
      "button",
      {
        type: "button",
        class: "icon",
        title: label,
        "aria-label": label,
        data: { action: name },
        onclick,
      },
      icon(name),
    );
  const chat = store.current;
  const erase = () => attempt("delete", { chat, user: post.from, message: post.id });
  return h(
    "div",
    // What is marked stays marked: a reply quotes it.
    { class: "actions", onmousedown: (event) => event.preventDefault() },
    button("reply", "Reply, to what is marked", () => emit("reply", { post, quote: marked(post) })),
    button("react", "React", () => offer(post)),
    button("pin", isPinned(post) ? "Unpin" : "Pin", () => pin(post)),
    button("forward", "Forward to the bot", () => forward(post)),
    button("copy", "Copy text", () => copy(post.text)),
    outgoing ? button("edit", "Edit", () => emit("edit", post)) : null,
    outgoing ? button("delete", "Delete", erase) : null,
  );
}

/** The part of a message that is marked. */
function marked(post) {
  const selection = getSelection();
  const within = selection.anchorNode?.parentElement?.closest("[data-message]");
  const text = selection.toString().trim();
  const here = within?.dataset.message === String(post.id) && post.text.includes(text);
  return here && text !== "" ? text : null;
}

function keyboard(post) {
  const rows = post.keyboard.inline_keyboard.map((row, y) =>
    h(
      "div",
      { class: "buttons" },
      row.map((button, x) => key(post, button, [y, x])),
    ),
  );
  return h("div", { class: "keyboard" }, rows);
}

function key(post, button, [row, col]) {
  const busy = isBusy(post, row, col);
  const props = {
    class: `key ${button.style ?? ""}${busy ? " busy" : ""}`,
    title: button.text,
    data: { button: button.callback_data ?? button.text },
  };
  if (button.url) {
    return h(
      "a",
      {
        ...props,
        href: button.url,
        target: "_blank",
        rel: "noopener noreferrer",
        onclick: (event) => follow(event, button.url),
      },
      h("span", {}, button.text),
      icon("link"),
    );
  }
  const onclick = button.copy_text
    ? () => copy(button.copy_text.text)
    : () => press(post, row, col);
  return h(
    "button",
    { ...props, type: "button", "aria-busy": String(busy), onclick },
    h("span", {}, button.text),
    button.copy_text ? icon("copy") : null,
  );
}
