// Keys of the page, and the list of them. They can be switched off, for those who speak to their computer.

import { closable, open } from "./dialog.js";
import { editing, el } from "./dom.js";
import { go, read } from "./route.js";
import { t } from "./words.js";

const OFF = "keys-off";
const LIST = [
  ["/", "search"],
  ["f", "filters"],
  ["← → ↑ ↓", "walk"],
  ["Enter", "open"],
  ["g / b", "judge"],
  ["m", "more"],
  ["Esc", "close"],
  ["y / n / s / u", "review"],
  ["1 – 4", "views"],
  ["?", "help"],
];
const VIEWS = ["search", "tag", "review", "index"];

const off = () => {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
};

/** `actions`: what a key does, by its character; each says whether it did something. */
export function listen(actions) {
  addEventListener("keydown", (event) => {
    if (
      off() ||
      event.defaultPrevented ||
      event.isComposing ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      editing(event.target)
    )
      return;
    const inside = document.querySelector("dialog[open]");
    if (inside && !(inside.classList.contains("item") && "gb".includes(event.key))) return;
    const view = VIEWS[Number(event.key) - 1];
    if (view) go({ view, item: "" });
    else if (event.key === "?") showKeys();
    else if (!actions(event, read())) return;
    event.preventDefault();
  });
}

export function showKeys() {
  const { dialog, body } = closable(t("keys.title"), { kind: "sheet" });
  const on = el("input", {
    type: "checkbox",
    checked: !off(),
    onchange: () => {
      try {
        localStorage.setItem(OFF, on.checked ? "0" : "1");
      } catch {
        /* then they stay on */
      }
    },
  });
  body.append(
    el(
      "dl",
      { class: "keys" },
      LIST.map(([key, name]) => [
        el(
          "dt",
          {},
          key
            .split(/( \/ | – | )/)
            .map((one) => (/^( \/ | – | )$/.test(one) ? one : el("kbd", {}, one))),
        ),
        el("dd", {}, t(`keys.${name}`)),
      ]),
    ),
    el("label", { class: "check" }, on, t("keys.on")),
  );
  open(dialog);
}
