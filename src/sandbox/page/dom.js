// Small tools for the page: elements, icons, names, colours, notes in passing.

/** Builds an element. Properties that start with `on` listen; `data` fills data attributes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An icon of the sprite. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** An element of the page by its id. */
export const $ = (id) => document.getElementById(id);

/** The full name of a person, the title of a chat. */
export function nameOf(one) {
  if (!one) return "Somebody";
  return one.title ?? [one.first_name, one.last_name].filter(Boolean).join(" ");
}

/** One of seven colours that stays with an id. */
export const colorOf = (id) =>
  `c${[...String(id)].reduce((sum, sign) => (sum * 31 + sign.charCodeAt(0)) % 997, 0) % 7}`;

/** Makes an element the avatar of a person or chat. */
export function paintAvatar(element, one) {
  const letters = nameOf(one)
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? "");
  element.className = `avatar ${colorOf(one?.id ?? 0)}`;
  element.textContent = letters.join("").toUpperCase();
  return element;
}

/** Says something in passing. */
export function toast(text) {
  const note = h("p", { class: "toast" }, text);
  $("toasts").append(note);
  setTimeout(() => note.remove(), Math.max(2500, text.length * 60));
}

/** Puts text on the clipboard and says so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {
    toast("The browser did not let it be copied");
  }
}

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** Hours and minutes of a time in milliseconds. */
export const clock = (ms) => new Date(ms).toLocaleTimeString([], CLOCK);

/** The same down to the millisecond. */
export const preciseClock = (ms) =>
  new Date(ms).toLocaleTimeString([], { ...CLOCK, second: "2-digit", fractionalSecondDigits: 3 });
