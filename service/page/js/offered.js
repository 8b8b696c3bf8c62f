// What the service offers for a text that is being typed, as the choices of a combobox.

import { ask } from "./api.js";
import { t } from "./words.js";

/** `kind`: "query" or "where". Only what stands before the caret counts. */
export async function offered(text, caret, signal, kind = "query") {
  const before = text.slice(0, caret);
  if (!before.trim() && kind === "query") return [];
  const answer = await ask(`/v1/complete?for=${kind}&limit=8&text=${encodeURIComponent(before)}`, {
    signal,
  });
  return answer.completions.map((one) => ({
    text: one.text,
    kind: one.kind,
    start: units(before, one.start),
    end: caret,
    note: note(one),
  }));
}

/** Puts a choice in the place of what was typed for it. */
export function put(input, { text, start, end }, after = "") {
  input.setRangeText(text + after, start, end, "end");
}

function note({ kind, items }) {
  const said = t(`complete.${kind}`);
  return items ? `${said} · ${items.toLocaleString()}` : said;
}

/** The service counts characters, JavaScript half of some. */
const units = (text, count) => [...text].slice(0, count).join("").length;
