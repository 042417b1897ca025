// The call log: what the bot asked of Telegram, newest first.

import { $, h, preciseClock } from "./dom.js";
import { ask, on } from "./store.js";

/** Calls shown at most. */
const SHOWN = 300;
/** Calls kept at most, to be found by the filter. */
const KEPT = 2000;
/** The calls, oldest first; none before the drawer was opened. */
let calls = null;

export function start() {
  $("call-filter").addEventListener("input", show);
  $("call-polls").addEventListener("change", show);
  on("call", (call) => {
    if (!calls || call.id <= (calls.at(-1)?.id ?? 0)) return;
    calls = [...calls.slice(1 - KEPT), call];
    if (!matches(call)) return;
    $("calls").prepend(line(call));
    if ($("calls").childElementCount > SHOWN) $("calls").lastElementChild.remove();
  });
}

/** Fetches what was called so far; later calls come by themselves. */
export async function load() {
  if (calls) return;
  calls = [];
  calls = await ask("calls");
  show();
}

/** Polls that went well are only in the way. */
function matches({ method, body, status }) {
  if (method === "getUpdates" && status === 200 && !$("call-polls").checked) return false;
  const wanted = $("call-filter").value.trim().toLowerCase();
  return `${method} ${JSON.stringify(body)}`.toLowerCase().includes(wanted);
}

function show() {
  const found = (calls ?? []).filter(matches).slice(-SHOWN).reverse();
  $("calls").replaceChildren(...found.map(line));
}

/** One call. What it carried is written out when it is opened. */
function line(call) {
  const gist = String(call.body?.text ?? call.response?.description ?? "");
  const summary = h(
    "summary",
    {},
    h("span", { class: `status ${kindOf(call.status)}` }, String(call.status ?? "cut")),
    h("b", {}, call.method),
    h("span", { class: "gist" }, gist.replace(/\s+/g, " ")),
    h("time", {}, `${call.took} ms`),
  );
  const details = h("details", { data: { call: call.id } }, summary);
  details.addEventListener("toggle", () => {
    if (details.childElementCount === 1) details.append(...contents(call));
  });
  return details;
}

function kindOf(status) {
  if (status === null) return "cut";
  if (status === 429) return "slow";
  return status < 300 ? "ok" : "bad";
}

function contents({ id, at, chat, body, response }) {
  const where = chat === null ? "" : ` in chat ${chat}`;
  const json = (value) => h("pre", { tabindex: 0 }, JSON.stringify(value, null, 2));
  return [h("p", {}, `#${id} at ${preciseClock(at)}${where}`), json(body), json(response)];
}
