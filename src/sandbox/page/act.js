// What a person does in the open chat: says, follows links, presses buttons.

import { $, toast } from "./dom.js";
import { ask, emit, speaker, store, threadOf } from "./store.js";

/** Pressed buttons that the bot has not answered. */
const pressed = new Set();

const place = (post, row, col) => `${store.current}/${post.id}/${row}/${col}`;

/** Asks for something in passing and says why it cannot be. */
export async function attempt(path, body, method) {
  try {
    return await ask(path, body, method);
  } catch (error) {
    toast(error.message);
    return null;
  }
}

/** Says something, as a command or a link does too. */
export async function say(text, replyTo, quote) {
  const more = { reply_to: replyTo ?? null, quote: quote ?? null };
  await sendThing({ text, ...more });
}

/** Says anything that is no file: its fields. */
export async function sendThing(thing) {
  const chat = store.current;
  const thread = threadOf(chat);
  const said = await attempt("say", { chat, user: speaker(chat), thread, ...thing });
  if (said) emit("said");
}

/** Forwards a message to the same chat. */
export async function forward(post) {
  const chat = store.current;
  const sent = await attempt("forward", { chat, user: speaker(chat), message: post.id });
  if (sent) emit("said");
}

/** Sends files: pictures together as an album, all others one by one. */
export async function sendFiles(files, text, replyTo) {
  const chat = store.current;
  const pictures = files.filter((file) => /^image\/(png|jpeg|webp)$/.test(file.type));
  const album = pictures.length > 1 ? `page-${Date.now()}` : null;
  let caption = text;
  for (const file of [...pictures, ...files.filter((file) => !pictures.includes(file))]) {
    const sound = /^audio\/(ogg|wav)/.test(file.type) ? "voice" : "document";
    const kind = pictures.includes(file) ? "photo" : sound;
    const about = { chat, user: speaker(chat), kind, name: file.name, text: caption };
    about.mime = file.type || "application/octet-stream";
    if (replyTo) about.reply_to = replyTo;
    if (threadOf(chat)) about.thread = threadOf(chat);
    if (album && kind === "photo") about.album = album;
    const sent = await attempt(`send?${new URLSearchParams(about)}`, file, "POST");
    if (!sent) return;
    caption = "";
  }
  emit("said");
}

/** A link to the bot itself is a command, as in Telegram; all others open. */
export function follow(event, url) {
  const start = new RegExp(
    `^(?:https?://)?t\\.me/${store.bot.username}\\?start=([\\w-]+)$`,
    "i",
  ).exec(url);
  if (!start) return;
  event.preventDefault();
  say(`/start ${start[1]}`);
}

/** Whether a button was pressed and is not answered. */
export const isBusy = (post, row, col) => pressed.has(place(post, row, col));

/** Presses a button and shows the answer. */
export async function press(post, row, col) {
  const id = place(post, row, col);
  if (pressed.has(id)) return;
  const chat = store.current;
  pressed.add(id);
  emit("repaint", { chat, id: post.id });
  const reply = await attempt("press", { chat, user: speaker(chat), message: post.id, row, col });
  pressed.delete(id);
  emit("repaint", { chat, id: post.id });
  if (reply?.answer) answered(reply.answer);
  else if (reply) toast("The bot did not answer");
}

function answered({ text, show_alert: alert, url }) {
  if (url) follow(new Event("click"), url);
  if (!text) return;
  if (!alert) return toast(text);
  $("alert-text").textContent = text;
  $("alert").showModal();
}
