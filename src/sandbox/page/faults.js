// Faults: what goes wrong with the next calls.

import { $, h, nameOf } from "./dom.js";
import { attempt } from "./act.js";
import { chatOf, on, store } from "./store.js";

/** What a fault does, in words. */
const WORDS = {
  retry_after: ({ seconds }) => `429 for ${seconds} s`,
  status: ({ code }) => `Error ${code}`,
  refuse: ({ description }) => description,
  cut: () => "Connection cut",
  lose: () => "Reply lost",
  hold: ({ at }) => `Held when ${at}`,
  delay: ({ ms }) => `Slow by ${ms} ms`,
};

export function start() {
  const form = $("fault-form");
  const { kind } = form.elements;
  const fields = () => {
    for (const label of form.querySelectorAll("[data-for]")) {
      label.hidden = label.dataset.for !== kind.value;
    }
  };
  kind.addEventListener("change", fields);
  fields();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt("faults", fault(form.elements));
  });
  $("faults-clear").addEventListener("click", () => attempt("faults", undefined, "DELETE"));
  on("faults", show);
  on("state", show);
}

/** The fault that the form describes. */
function fault({ kind, seconds, code, description, ms, times, method, here }) {
  const number = (input) => Number(input.value);
  return {
    what: {
      kind: kind.value,
      seconds: number(seconds),
      code: kind.value === "refuse" ? refusal(description.value) : number(code),
      description: description.value,
      ms: number(ms),
    },
    times: number(times),
    method: method.value.trim() || null,
    chat: here.checked ? store.current : null,
  };
}

/** The code that goes with the words. */
const refusal = (words) => (words.startsWith("Forbidden") ? 403 : 400);

function show() {
  const items = store.faults.map(({ id, what, times, hits, method, chat }) => {
    const where = `${method ?? "any call"}${chat ? ` in ${nameOf(chatOf(chat))}` : ""}`;
    return h(
      "li",
      { class: hits >= times ? "spent" : "", data: { fault: id } },
      h("b", {}, WORDS[what.kind](what)),
      h("span", {}, where),
      h("span", { class: "count" }, `${hits} of ${times}`),
    );
  });
  $("faults").replaceChildren(...items);
}
