// Behind the scenes: the drawer and its tabs.

import { $ } from "./dom.js";
import { start as startCalls, load } from "./calls.js";
import { start as startFaults } from "./faults.js";
import { start as startSetup } from "./setup.js";

export function start() {
  for (const button of document.querySelectorAll("[data-open=drawer]")) {
    button.addEventListener("click", toggle);
  }
  for (const tab of tabs()) tab.addEventListener("click", () => select(tab));
  $("drawer-close").addEventListener("click", toggle);
  startCalls();
  startFaults();
  startSetup();
}

const tabs = () => document.querySelectorAll("[data-tab]");

function toggle() {
  const drawer = $("drawer");
  drawer.hidden = !drawer.hidden;
  document.querySelector(".app").classList.toggle("with-drawer", !drawer.hidden);
  if (!drawer.hidden) load();
}

function select(chosen) {
  for (const tab of tabs()) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    $(`pane-${tab.dataset.tab}`).hidden = tab !== chosen;
  }
}
