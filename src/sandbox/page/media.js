// What a message carries besides its text, as an element.

import { h, icon } from "./dom.js";

const address = (file) => `/sandbox/files/${encodeURIComponent(file.id)}`;

/** The element of a photo, a file, a recording, a sticker or a place. */
export function media(one) {
  switch (one.kind) {
    case "photo":
      return h("img", { class: "photo", src: address(one), alt: "Photo", ...sides(one) });
    case "voice":
    case "audio":
      return h("audio", { class: "sound", src: address(one), controls: true, preload: "none" });
    case "sticker":
      return h("p", { class: "sticker", role: "img", "aria-label": "Sticker" }, one.emoji);
    case "location":
      return h("p", { class: "place" }, `📍 ${one.latitude / 1e6}, ${one.longitude / 1e6}`);
    default:
      return h(
        "a",
        { class: "file", href: address(one), download: one.name },
        icon("file"),
        h("span", {}, h("b", {}, one.name), h("small", {}, size(one.size))),
      );
  }
}

/** One word for a message that has no text. */
export const gist = (post) => post.media?.name ?? post.media?.kind ?? "";

function sides(file) {
  const [width, height] = file.sides ?? [];
  return { width, height };
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
