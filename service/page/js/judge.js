// Good and bad: what is said of results, kept by the service and used by the search at hand.

import { ask } from "./api.js";
import { recall } from "./pictures.js";
import { ranks, request } from "./request.js";
import { go, read } from "./route.js";
import { shown } from "./search.js";
import { toast } from "./say.js";
import { t } from "./words.js";

const said = new Map(); // id → "good" or "bad" of the search at hand
let of = "";

const question = (state) => JSON.stringify([state.q, state.like, state.image, state.without]);

function current(state) {
  if (of !== question(state)) {
    said.clear();
    of = question(state);
  }
  return said;
}

export const judgedIn = (state, id) =>
  current(state).get(id) ||
  (state.good.includes(id) ? "good" : state.bad.includes(id) ? "bad" : "");

/** Pictures that were sent are not kept by the service, so what is said of their search could not be kept either. */
export const judgeable = (state) =>
  ranks(state) && !recall(state.image).length && Boolean(shown()?.generation);

export async function judge(id, verdict) {
  const state = read();
  if (!judgeable(state)) return;
  const { top, explain, good, bad, ...asked } = request(state);
  try {
    await ask("/v1/judgements", {
      body: {
        request: asked,
        good: verdict === "good" ? [id] : [],
        bad: verdict === "bad" ? [id] : [],
        generation: shown().generation,
      },
    });
  } catch (error) {
    toast(error.what || error.message);
    return;
  }
  current(state).set(id, verdict);
  mark(id, verdict);
  toast(t(verdict === "good" ? "judged.good.said" : "judged.bad.said"), {
    action: t("judged.use"),
    onclick: use,
  });
}

/** The same search once more, with what was said of its results. */
function use() {
  const state = read(),
    picked = (verdict, before) => [
      ...new Set([
        ...before.filter((id) => !said.has(id)),
        ...[...said].filter(([, one]) => one === verdict).map(([id]) => id),
      ]),
    ];
  go({ good: picked("good", state.good), bad: picked("bad", state.bad), item: "" });
}

function mark(id, verdict) {
  for (const card of document.querySelectorAll(`.card[data-id="${CSS.escape(id)}"]`)) {
    card.classList.remove("good", "bad");
    card.classList.add(verdict);
  }
}
