// Pictures that a person gives: chosen, dropped or pasted. They stay in this page; the address only
// names them, so going back finds them again, and a reload does not.

import { toast } from "./say.js";
import { t } from "./words.js";

export const MOST = 8;
const kept = new Map();
const addresses = new WeakMap();

export function keep(files) {
  const name = String(kept.size + 1);
  kept.set(name, files);
  return name;
}

export const recall = (name) => kept.get(name) || [];

export function preview(file) {
  if (!addresses.has(file)) addresses.set(file, URL.createObjectURL(file));
  return addresses.get(file);
}

/** What of a drop or a paste may be a picture; the service judges it by its content. */
export function pictures(transfer) {
  return [...(transfer?.files || [])].filter(
    (file) => !file.type || file.type.startsWith("image/"),
  );
}

/** Pictures that are dropped or pasted anywhere go to whichever view is shown. */
export function receive(take) {
  const root = document.documentElement;
  let depth = 0;
  const carries = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const over = (on) => root.classList.toggle("dropping", on);

  addEventListener("dragenter", (event) => {
    if (carries(event)) over(++depth > 0);
  });
  addEventListener("dragleave", (event) => {
    if (carries(event)) over(--depth > 0);
  });
  addEventListener("dragover", (event) => {
    if (carries(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    depth = 0;
    over(false);
    if (!carries(event)) return;
    event.preventDefault();
    give(pictures(event.dataTransfer));
  });
  addEventListener("paste", (event) => {
    const found = pictures(event.clipboardData);
    if (!found.length) return;
    event.preventDefault();
    give(found);
  });

  function give(files) {
    if (files.length) take(files);
    else toast(t("picture.none"));
  }
}
