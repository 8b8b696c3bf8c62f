// Modal dialogs: titled, closed by Escape, a button or a click beside them; focus goes back.

import { button, byId, el, unique } from "./dom.js";
import { t } from "./words.js";

export function closable(title, { kind = "", before = [], onclose } = {}) {
  const heading = el("h2", { class: "grow clip", id: unique("title"), tabindex: -1 }, title);
  const body = el("div", { class: "body stack" });
  const close = button(t("close"), {
    name: "close",
    text: false,
    kind: "plain",
    onclick: () => dialog.close(),
  });
  const dialog = el(
    "dialog",
    { class: kind, "aria-labelledby": heading.id },
    el("div", { class: "head" }, heading, before, close),
    body,
  );
  let pressed = null;
  dialog.addEventListener("pointerdown", (event) => {
    pressed = event.target;
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && pressed === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    lend(document.body);
    dialog.remove();
    onclose?.();
  });
  return { dialog, body, heading, close };
}

export function open(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  lend(dialog);
}

/** What is told must stand inside the open dialog: all else is inert meanwhile. */
function lend(host) {
  for (const id of ["toasts", "said", "warned"]) host.append(byId(id));
}
