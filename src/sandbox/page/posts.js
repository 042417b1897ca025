// The conversation: the list of messages, and where the reader is in it.

import { $ } from "./dom.js";
import { build, buildDraft } from "./bubble.js";
import {
  chatOf,
  emit,
  isShown,
  miss,
  on,
  postsOf,
  see,
  shownPosts,
  store,
  threadOf,
  unread,
} from "./store.js";

/** Messages of one author this close together look like one. */
const TOGETHER = 5 * 60;
/** Takes the draft away when it has run out. */
let expiry = 0;

const list = () => $("posts");
const scroll = () => $("scroll");
const find = (id) => list().querySelector(`[data-message="${id}"]`);
const atEnd = () => scroll().scrollHeight - scroll().scrollTop - scroll().clientHeight < 80;

export function start() {
  const here = (change) => (event) =>
    event.chat === store.current && keepPlace(() => change(event));
  on("open", show);
  on("said", () => toEnd());
  on("seek", seek);
  on(
    "post",
    here(({ post, fresh }) => update(post, fresh)),
  );
  on("post", ({ chat, post, fresh }) => fresh && count(chat, post));
  on(
    "deleted",
    here(({ messages }) => remove(messages)),
  );
  on(
    "repaint",
    here(({ id }) => repaint(id)),
  );
  on("draft", (chat) => here(showDraft)({ chat }));
  let pinned = true;
  const scrolled = () => {
    pinned = atEnd();
    jumpButton();
  };
  scroll().addEventListener("scroll", scrolled, { passive: true });
  new ResizeObserver(() => pinned && toEnd()).observe(scroll());
  $("jump").addEventListener("click", () => toEnd("smooth"));
}

/** Scrolls to the newest message. */
function toEnd(behavior = "auto") {
  scroll().scrollTo({ top: scroll().scrollHeight, behavior });
}

function show() {
  list().replaceChildren(...shownPosts(store.current).map(build));
  arrange();
  showDraft();
  toEnd();
}

/** Changes the list without moving what is read, or stays at the end. */
function keepPlace(change) {
  const end = atEnd();
  change();
  arrange();
  if (end) toEnd();
  jumpButton();
}

function update(post, fresh) {
  if (!isShown(store.current, post)) return;
  const old = find(post.id);
  const element = build(post);
  if (old) replace(old, element);
  else list().insertBefore(element, list().querySelector(".draft"));
  repaintAnswers(post.id);
  if (fresh) element.classList.add(post.silent || post.from !== store.bot.id ? "arrive" : "ping");
}

/** Puts a message in the place of its older form; who had the focus keeps it. */
function replace(old, element) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(element);
  if (!focused) return;
  const { button, action } = focused.dataset;
  const same = button
    ? `[data-button="${CSS.escape(button)}"]`
    : action
      ? `[data-action=${action}]`
      : null;
  ((same && element.querySelector(same)) ?? element).focus({ preventScroll: true });
}

function remove(messages) {
  for (const id of messages) {
    find(id)?.remove();
    repaintAnswers(id);
  }
}

function repaint(id) {
  const post = postsOf(store.current).get(id);
  const old = find(id);
  if (post && old) replace(old, build(post));
}

/** Answers show what they answer. */
function repaintAnswers(id) {
  for (const post of shownPosts(store.current)) {
    if (post.reply_to === id || post.service?.message === id) repaint(post.id);
  }
}

/** Scrolls to a message and shows which it is; in its topic, if another is shown. */
function seek(id) {
  const post = postsOf(store.current).get(id);
  if (post && !isShown(store.current, post)) emit("topic", post.thread ?? null);
  const element = find(id);
  element?.scrollIntoView({ behavior: "smooth", block: "center" });
  element?.classList.remove("flash");
  requestAnimationFrame(() => element?.classList.add("flash"));
}

function showDraft() {
  clearTimeout(expiry);
  list().querySelector(".draft")?.remove();
  const draft = chatOf(store.current)?.draft;
  const left = (draft?.until ?? 0) - Date.now();
  if (left <= 0) return;
  list().append(buildDraft(draft));
  expiry = setTimeout(showDraft, left + 50);
}

/** Days, names and tails depend on the neighbours. */
function arrange() {
  const posts = shownPosts(store.current);
  posts.forEach((post, index) => {
    const element = find(post.id);
    const [before, after] = [posts[index - 1], posts[index + 1]];
    const day = new Date(post.date * 1000).toDateString();
    const newDay = !before || new Date(before.date * 1000).toDateString() !== day;
    const joins = (one, two) =>
      one &&
      two &&
      one.from === two.from &&
      two.date - one.date < TOGETHER &&
      !one.keyboard &&
      !one.service &&
      !two.service;
    element.classList.toggle("first", newDay || !joins(before, post));
    element.classList.toggle("last", !joins(post, after));
    element.classList.toggle("day", newDay);
    element.dataset.day =
      day === new Date().toDateString()
        ? "Today"
        : new Date(post.date * 1000).toLocaleDateString([], { day: "numeric", month: "long" });
  });
  list().classList.toggle("empty", posts.length === 0 && !chatOf(store.current)?.draft);
}

/** Counts what comes while nobody looks. */
function count(chat, post) {
  const shown = chat === store.current && isShown(chat, post) && scroll().clientHeight > 0;
  const seen = shown && !document.hidden && atEnd();
  if (seen || post.from !== store.bot.id) return;
  miss(chat, post);
  jumpButton();
}

function jumpButton() {
  const end = atEnd();
  if (end && !document.hidden && scroll().clientHeight > 0 && see()) emit("chats");
  $("jump").hidden = end;
  $("jump-count").textContent = unread(store.current, threadOf(store.current)) || "";
}
