// Where the person writes: the field, the command menu, and what is answered or edited.

import { $, h, nameOf, toast } from "./dom.js";
import { oneLine } from "./format.js";
import { attempt, say, sendFiles } from "./act.js";
import { pieces, watch } from "./attach.js";
import { authorOf, chatOf, on, shownPosts, speaker, store, threadOf } from "./store.js";

const input = () => $("input");
const menu = () => $("menu");
/** What the next message answers or replaces: `{kind, post}`. */
let context = null;
/** The command that Enter takes. */
let marked = 0;
/** What was written and not sent, by chat and topic. */
const kept = new Map();
let shown = null;

export function start() {
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  input().addEventListener("input", () => {
    grow();
    suggest();
  });
  input().addEventListener("keydown", keys);
  // The field keeps the focus, and a telephone its keyboard.
  $("menu-button").addEventListener("pointerdown", (event) => event.preventDefault());
  $("menu-button").addEventListener("mousedown", (event) => event.preventDefault());
  $("menu-button").addEventListener("click", () => (menu().hidden ? openMenu("") : closeMenu()));
  menu().addEventListener("mousedown", (event) => event.preventDefault());
  document.addEventListener("pointerdown", ({ target }) => {
    if (!$("menu-button").contains(target) && !menu().contains(target)) closeMenu();
  });
  $("context-close").addEventListener("click", () => setContext(null));
  watch(attach);
  on("reply", ({ post, quote }) => setContext({ kind: "reply", post, quote }));
  on("edit", (post) => setContext({ kind: "edit", post }));
  on("open", change);
  on(
    "deleted",
    ({ messages }) => context && messages.includes(context.post.id) && setContext(null),
  );
}

/** Another chat or topic: its own unsent text. */
function change(chat) {
  const place = `${chat}/${threadOf(chat) ?? ""}`;
  if (place === shown) return;
  if (shown !== null) kept.set(shown, input().value);
  shown = place;
  setContext(null);
  write(kept.get(place) ?? "");
  if (matchMedia("(hover: hover)").matches) input().focus();
}

function write(text) {
  input().value = text;
  grow();
  closeMenu();
}

function grow() {
  const field = input();
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 220)}px`;
}

function setContext(next) {
  const wasEdit = context?.kind === "edit";
  context = next;
  $("context").hidden = !next;
  if (next) {
    $("context-title").textContent =
      next.kind === "edit" ? "Edit message" : nameOf(authorOf(next.post.from));
    $("context-text").textContent = oneLine(next.quote ?? next.post.text);
    if (next.kind === "edit") write(next.post.text);
    input().focus();
  } else if (wasEdit) {
    write("");
  }
}

async function send() {
  const text = input().value;
  if (text.trim() === "") return;
  const last = context;
  if (last?.kind !== "edit") {
    write("");
    setContext(null);
    for (const piece of pieces(text)) await say(piece, last?.post.id, last?.quote);
    return;
  }
  const { id, from } = last.post;
  const edited = await attempt("edit", { chat: store.current, user: from, message: id, text });
  if (edited) setContext(null);
}

/** Files go at once, what is written with them. */
async function attach(files) {
  const text = input().value;
  const last = context;
  write("");
  setContext(null);
  await sendFiles(files, text, last?.kind === "reply" ? last.post.id : null);
}

function keys(event) {
  if (event.isComposing) return;
  const options = [...menu().children];
  if (!menu().hidden && options.length > 0) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      mark((marked + step + options.length) % options.length);
      return;
    }
    if (event.key === "Tab") {
      event.preventDefault();
      write(`/${options[marked].dataset.command} `);
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      choose(options[marked].dataset.command);
      return;
    }
  }
  if (event.key === "Escape") {
    if (menu().hidden) setContext(null);
    else closeMenu();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  } else if (event.key === "ArrowUp" && input().value === "") {
    const mine = shownPosts(store.current).filter(
      (post) => post.from === speaker(store.current) && !post.service,
    );
    if (mine.length > 0) {
      event.preventDefault();
      setContext({ kind: "edit", post: mine.at(-1) });
    }
  }
}

function suggest() {
  const typed = /^\/(\w*)$/.exec(input().value);
  if (typed) openMenu(typed[1]);
  else closeMenu();
}

function openMenu(prefix) {
  const commands = (chatOf(store.current)?.commands ?? []).filter(({ command }) =>
    command.startsWith(prefix),
  );
  menu().replaceChildren(
    ...commands.map(({ command, description }, index) =>
      h(
        "button",
        {
          type: "button",
          role: "option",
          id: `option-${index}`,
          tabindex: -1,
          data: { command },
          onclick: () => choose(command),
        },
        h("b", {}, `/${command}`),
        h("span", {}, description),
      ),
    ),
  );
  if (commands.length === 0) {
    closeMenu();
    if (prefix === "" && input().value === "") toast("The bot has set no commands");
    return;
  }
  menu().hidden = false;
  $("menu-button").setAttribute("aria-expanded", "true");
  mark(0);
}

function mark(index) {
  marked = index;
  [...menu().children].forEach((option, at) =>
    option.setAttribute("aria-selected", String(at === index)),
  );
  menu().children[index]?.scrollIntoView({ block: "nearest" });
  input().setAttribute("aria-activedescendant", `option-${index}`);
}

function closeMenu() {
  menu().hidden = true;
  $("menu-button").setAttribute("aria-expanded", "false");
  input().removeAttribute("aria-activedescendant");
}

function choose(command) {
  write("");
  say(`/${command}`);
  input().focus();
}
