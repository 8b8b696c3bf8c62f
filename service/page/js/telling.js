// What is to be said of an answer, above its results; and what to say before anything was asked.

import { legend } from "./controls.js";
import { button, el } from "./dom.js";
import { fields } from "./filters.js";
import { ranks } from "./request.js";
import { go, search } from "./route.js";
import { message } from "./say.js";
import { t } from "./words.js";

export function notices(answer, state) {
  if (answer.browsing) return [];
  const found = [];
  if (answer.no_match) {
    const shown = answer.results.length || answer.nearest?.length;
    const hint = state.where ? "no-match.filter" : shown ? "no-match.hint" : "no-match.other";
    found.push(
      message(t(shown ? "no-match.nearest" : "no-match.none"), {
        children: [el("p", { class: "smaller soft" }, t(hint))],
      }),
    );
  }
  if (answer.corrected)
    found.push(
      el(
        "p",
        { id: "corrected" },
        t("corrected", { query: answer.corrected }),
        " ",
        button(t("corrected.asis", { query: state.q }), {
          kind: "small",
          id: "asis",
          onclick: () => go({ asis: true }),
        }),
      ),
    );
  if (answer.suggestion)
    found.push(
      el(
        "p",
        {},
        t("suggestion"),
        " ",
        button(answer.suggestion, {
          kind: "small",
          id: "suggestion",
          onclick: () => go({ q: answer.suggestion, asis: false }),
        }),
      ),
    );
  if (answer.unknown?.length)
    found.push(el("p", { class: "smaller" }, t("unknown", { words: answer.unknown.join(", ") })));
  for (const note of answer.notes || []) found.push(el("p", { class: "smaller soft" }, note));
  const judged = state.good.length + state.bad.length;
  if (judged)
    found.push(
      el(
        "div",
        { class: "row smaller" },
        el("span", {}, t("judged.used", { good: state.good.length, bad: state.bad.length })),
        button(t("judged.drop"), { kind: "small plain", onclick: () => go({ good: [], bad: [] }) }),
      ),
    );
  return found;
}

const counted = (answer) => {
  if (answer.no_match && answer.results.length + answer.nearest.length) return "summary.nearest";
  return answer.cursor ? "summary.more" : "summary.all";
};

export function summary(answer, state) {
  if (answer.browsing) return answer.results.length ? t("browse.newest") : t("browse.empty");
  const parts = [
    t(counted(answer), { count: answer.results.length || answer.nearest.length }),
    t("summary.took", {
      took: Math.max(1, Math.round(answer.took_ms)),
      generation: answer.generation,
    }),
  ];
  return el(
    "span",
    {},
    el("span", {}, parts.join(" · ")),
    " ",
    ranks(state) && legend(answer.threshold),
  );
}

/** Before anything is asked: what one may ask for. */
export function start() {
  const box = el("div", { class: "row ideas" });
  fields()
    .then((found) => {
      const tags = found.find((field) => field.builtin && field.name === "tag")?.top || [];
      if (!tags.length) return;
      box.append(
        el("span", { class: "smaller soft" }, t("start.try")),
        ...tags.map(({ value }) =>
          button(value, { kind: "small", onclick: () => search({ q: value }) }),
        ),
      );
    })
    .catch(() => {});
  return el("div", { class: "stack" }, el("p", { class: "smaller soft" }, t("start.drop")), box);
}
