// Text with entities into elements. JavaScript counts strings in UTF-16 units, as Telegram does.

import { copy, h, icon } from "./dom.js";

const INLINE = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

/**
 * Renders a message's text. `act` gives what its parts do: `command(text)`, `link(event, url)`,
 * and `opened`, the set of quotations that were unfolded.
 */
export function format({ text, entities, detected }, act) {
  const fragment = document.createDocumentFragment();
  fragment.append(...range(text, [0, text.length], entities, { detected: detected ?? [], act }));
  return fragment;
}

/** One line of plain text. */
export const oneLine = (text) => text.replace(/\s+/g, " ").trim().slice(0, 200);

/** Renders a range of the text; the entities lie inside it, sorted, outer before inner. */
function range(text, [start, end], entities, shared) {
  const parts = [];
  let at = start;
  let rest = entities;
  while (rest.length > 0) {
    const [outer, ...others] = rest;
    const stop = outer.offset + outer.length;
    const inner = others.filter((entity) => entity.offset < stop);
    rest = others.filter((entity) => entity.offset >= stop);
    parts.push(...plain(text, [at, outer.offset], shared));
    parts.push(element(text, outer, inner, shared));
    // A block ends its line by itself.
    at = BLOCKS.has(outer.type) && text[stop] === "\n" ? stop + 1 : stop;
  }
  parts.push(...plain(text, [at, end], shared));
  return parts;
}

/** Renders text that no entity formats, with what Telegram found in it. */
function plain(text, [start, end], { detected, act }) {
  const parts = [];
  let at = start;
  for (const entity of detected) {
    const from = Math.max(entity.offset, start);
    const to = Math.min(entity.offset + entity.length, end);
    if (from >= to) continue;
    const whole = text.slice(entity.offset, entity.offset + entity.length);
    parts.push(text.slice(at, from), found(entity.type, whole, text.slice(from, to), act));
    at = to;
  }
  if (at < end) parts.push(text.slice(at, end));
  return parts.filter((part) => part !== "");
}

function found(type, whole, shown, act) {
  if (type === "bot_command") {
    const data = { command: whole };
    return h(
      "button",
      { type: "button", class: "command", data, onclick: () => act.command(whole) },
      shown,
    );
  }
  if (type === "url") {
    const url = /^[a-z]+:\/\//i.test(whole) ? whole : `https://${whole}`;
    return anchor(url, shown, act);
  }
  return h("span", { class: "mention" }, shown);
}

function anchor(url, content, act) {
  const onclick = (event) => act.link(event, url);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", onclick }, content);
}

function element(text, entity, inner, shared) {
  const { type, offset, length } = entity;
  const bounds = [offset, offset + length];
  const own = text.slice(...bounds);
  const children = () => range(text, bounds, inner, shared);
  switch (type) {
    case "code":
      return h("code", { title: "Copy", onclick: () => copy(own) }, own);
    case "pre":
      return block(own, entity.language);
    case "text_link":
      return anchor(entity.url, children(), shared.act);
    case "spoiler":
      return spoiler(children());
    case "blockquote":
      return h("blockquote", {}, children());
    case "expandable_blockquote":
      return fold(children(), offset, shared.act.opened);
    default:
      return h(INLINE[type] ?? "span", {}, children());
  }
}

function block(code, language) {
  const button = h(
    "button",
    { type: "button", "aria-label": "Copy the code", onclick: () => copy(code) },
    icon("copy"),
    "Copy",
  );
  return h(
    "figure",
    { class: "code" },
    h("figcaption", {}, h("span", {}, language ?? "code"), button),
    h("pre", { tabindex: 0 }, h("code", {}, code)),
  );
}

function spoiler(children) {
  const show = () => span.classList.add("shown");
  const span = h(
    "span",
    {
      class: "spoiler",
      role: "button",
      tabindex: 0,
      "aria-label": "Hidden text",
      onclick: show,
      onkeydown: (event) => event.key === "Enter" && show(),
    },
    children,
  );
  return span;
}

/** A quotation that is folded until tapped; where it is short, nothing needs to be unfolded. */
function fold(children, key, opened) {
  const toggle = () => {
    const open = quote.classList.toggle("open");
    button.setAttribute("aria-expanded", open);
    if (open) opened.add(key);
    else opened.delete(key);
  };
  const open = opened.has(key);
  const button = h(
    "button",
    {
      type: "button",
      class: "unfold",
      "aria-label": "Show all of the quotation",
      "aria-expanded": String(open),
      onclick: toggle,
    },
    icon("down"),
  );
  const body = h("div", {}, children);
  const quote = h("blockquote", { class: `fold${open ? " open" : ""}` }, body, button);
  new ResizeObserver(([{ target }], observer) => {
    if (!target.isConnected) return;
    quote.classList.toggle(
      "short",
      !quote.classList.contains("open") && target.scrollHeight <= target.clientHeight + 2,
    );
    if (quote.classList.contains("open")) observer.disconnect();
  }).observe(body);
  return quote;
}
