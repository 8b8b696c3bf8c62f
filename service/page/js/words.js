// The language of the page, and its texts by their names.

import { TEXTS } from "./texts.js";

export let language = document.documentElement.lang === "ko" ? "ko" : "en";

export const locale = () => (language === "ko" ? "ko-KR" : "en-GB");

/** The text of a name, with {values} put in; the name itself where there is none. */
export function t(name, values = {}) {
  const found = TEXTS[name]?.[language === "ko" ? 1 : 0];
  if (found === undefined) return name;
  const text = Array.isArray(found) ? found[values.count === 1 ? 0 : 1] : found;
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export function setLanguage(next) {
  language = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem("language", next);
  } catch {
    /* it holds for this page then */
  }
}

export const bytes = (count) =>
  count < 1e6 ? `${Math.max(1, Math.round(count / 1000))} kB` : `${(count / 1e6).toFixed(1)} MB`;

/** Fills the elements of the static page that name their text. */
export function translate(root) {
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]"))
    node.setAttribute("aria-label", t(node.dataset.tLabel));
}
