// A score and what it means.

import { el } from "./dom.js";
import { t } from "./words.js";

const WORDS = [
  [0.9, "score.sure"],
  [0.7, "score.very"],
  [0.4, "score.likely"],
];

export const percent = (score) =>
  score > 0 && score < 0.01
    ? "<1 %"
    : score < 1 && score > 0.99
      ? ">99 %"
      : `${Math.round(score * 100)} %`;

export function meaning(score, threshold) {
  const found = WORDS.find(([least]) => score >= least);
  if (found) return t(found[1]);
  return t(score >= threshold ? "score.maybe" : "score.below");
}

/** Bar, word and figure; `words` false where the number is a likeness and not a probability. */
export function scoreBar(score, { threshold = 0, words = true, label = "" } = {}) {
  const said = words ? meaning(score, threshold) : label;
  return el(
    "div",
    {
      class: `score${words && score < threshold ? " below" : ""}`,
      vars: { part: Math.min(1, Math.max(0, score)) },
    },
    said && el("span", { class: "said" }, said),
    el("span", { class: "track", "aria-hidden": "true" }),
    el("span", { class: "figure" }, percent(score)),
  );
}
