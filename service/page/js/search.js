// The view of searching: box, filters, results and what is to be said about them.

import { Problem, ask } from "./api.js";
import { searchBox } from "./box.js";
import { card, variants, waiting, walkable } from "./cards.js";
import { controls } from "./controls.js";
import { button, byId, el } from "./dom.js";
import { activeFilters, count, filterPanel, forget } from "./filters.js";
import { showItem } from "./item.js";
import { judgedIn } from "./judge.js";
import { recall } from "./pictures.js";
import { PAGE, asks, bodyOf, keyOf, ranks } from "./request.js";
import { problem, say } from "./say.js";
import { notices, start, summary } from "./telling.js";
import { t } from "./words.js";

const KEPT = 20; // answers, so that going back shows at once what was there
const answers = new Map();
let view, state, asking;
const wide = matchMedia("(min-width: 62rem)");
let opened = null; // filters: as the person wants them, else by the width

export const shown = () => answers.get(keyOf(state));

/** Ids in the order in which they are shown. */
export const order = () => (state && shown() ? hitsOf(shown()).map((hit) => hit.id) : []);

export const hitOf = (id) =>
  state &&
  shown() &&
  hitsOf(shown())
    .flatMap((hit) => [hit, ...(hit.group || [])])
    .find((hit) => hit.id === id);

const hitsOf = (answer) => (answer.results.length ? answer.results : answer.nearest || []);

/** Asked of a generation that is no longer live: to be asked again. */
export function refresh() {
  forgetAll();
  if (view && state) update(state);
}

export function forgetAll() {
  answers.clear();
  forget();
}

export function build(root) {
  const box = searchBox();
  const grid = el("ul", { class: "grid", "aria-label": t("results") });
  const toggle = button(t("filters"), {
    name: "filter",
    kind: "small",
    "aria-expanded": "false",
    "aria-controls": "filters",
    id: "filters-toggle",
    onclick: () => {
      opened = !panelOpen();
      layout();
    },
  });
  view = {
    box,
    grid,
    toggle,
    settle: walkable(grid),
    panel: el("aside", { class: "panel stack", id: "filters", "aria-label": t("filters") }),
    active: el("div", { class: "row active" }),
    summary: el("p", { class: "summary smaller soft", id: "summary" }),
    tools: el("div", { class: "row tools-row" }),
    notices: el("div", { class: "stack tight", id: "notices" }),
    more: el("div", { class: "more" }),
    start: el("div", { class: "start" }),
    results: el("div", { class: "stack results" }),
  };
  view.results.append(view.notices, view.summary, grid, view.more);
  root.replaceChildren(
    el("h1", { class: "visually-hidden" }, t("view.search")),
    box.form,
    view.start,
    el(
      "div",
      { class: "layout" },
      el(
        "div",
        { class: "row spread above" },
        el("div", { class: "row grow" }, toggle, view.active),
        view.tools,
      ),
      view.panel,
      view.results,
    ),
  );
  wide.addEventListener("change", layout);
}

const panelOpen = () => opened ?? wide.matches;

function layout() {
  view.panel.hidden = !panelOpen();
  view.toggle.setAttribute("aria-expanded", String(!view.panel.hidden));
}

export function toggleFilters() {
  view.toggle.click();
  if (!view.panel.hidden) view.panel.querySelector("button, input, textarea")?.focus();
}

export async function update(next) {
  state = next;
  const key = keyOf(state);
  view.box.show(state);
  view.toggle.lastChild.textContent = count(state.where)
    ? t("filters.some", { count: count(state.where) })
    : t("filters");
  view.active.replaceChildren(...activeFilters(state));
  view.tools.replaceChildren(...(asks(state) ? controls(state) : []));
  layout();
  filterPanel(view.panel, state).catch(() => {
    view.panel.hidden = true;
  });
  asking?.abort(); // also where its successor is known already: it must not draw over that
  view.results.removeAttribute("aria-busy");
  if (answers.has(key)) return render();
  asking = new AbortController();
  const { signal } = asking;
  const slow = setTimeout(() => {
    // what is quick needs no sign of waiting but that it is busy
    view.grid.replaceChildren(...waiting(8));
    for (const one of [view.notices, view.summary, view.more]) one.replaceChildren();
  }, 150);
  signal.addEventListener("abort", () => clearTimeout(slow));
  view.results.setAttribute("aria-busy", "true");
  try {
    const answer = await load(state, signal);
    keepAnswer(key, answer);
    if (key === keyOf(state)) render(true);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (key === keyOf(state)) fail(error);
  } finally {
    clearTimeout(slow);
    if (!signal.aborted) view.results.removeAttribute("aria-busy");
  }
}

async function load(asked, signal, cursor = "") {
  if (!asks(asked)) {
    const after = cursor ? `&after=${encodeURIComponent(cursor)}` : "";
    const answer = await ask(`/v1/items?newest=true&limit=${PAGE}${after}`, { signal });
    return {
      browsing: true,
      results: answer.items.map(plain),
      cursor: answer.after || "",
      total: answer.total,
    };
  }
  if (asked.image && !recall(asked.image).length)
    throw new Problem(0, { type: "lost", what: t("picture.lost"), remedy: t("picture.lost.hint") });
  return ask("/v1/search", { body: bodyOf(asked, cursor), signal });
}

const plain = (one) => ({ ...one, caption: one.caption ?? one.captions?.[0]?.text ?? "" });

function keepAnswer(key, answer) {
  answers.delete(key);
  answers.set(key, answer);
  if (answers.size > KEPT) answers.delete(answers.keys().next().value);
}

function render(fresh = false) {
  const answer = shown();
  if (!answer) return;
  view.notices.replaceChildren(...notices(answer, state));
  view.summary.replaceChildren(summary(answer, state));
  view.start.replaceChildren(...(answer.browsing ? [start()] : []));
  view.grid.replaceChildren(...hitsOf(answer).map((hit, n) => one(hit, answer, n)));
  finish(answer);
  if (fresh && !answer.browsing)
    say(
      `${answer.no_match ? t("no-match") : ""} ${view.summary.querySelector("span span").textContent}`.trim(),
    );
  performance.mark("results");
  showItem(state); // one that a shared address names learns now why it was found
}

function finish(answer) {
  view.settle();
  view.more.replaceChildren(
    ...(answer.cursor ? [button(t("more"), { id: "more", onclick: more })] : []),
  );
}

const one = (hit, answer, n) =>
  card(hit, {
    threshold: answer.threshold,
    scored: !answer.browsing && ranks(state),
    judged: judgedIn(state, hit.id),
    eager: n < 6,
    onfold,
  });

function onfold(hit, toggle) {
  const box = toggle.parentElement,
    found = box.querySelector(".variants");
  toggle.setAttribute("aria-expanded", String(!found));
  if (found) found.remove();
  else box.append(variants(hit));
}

async function more() {
  const answer = shown(),
    key = keyOf(state),
    before = answer.results.length;
  view.more.firstChild.disabled = true;
  try {
    const next = await load(state, undefined, answer.cursor);
    Object.assign(answer, { results: [...answer.results, ...next.results], cursor: next.cursor });
    if (key !== keyOf(state)) return;
    view.grid.append(...next.results.map((hit) => one(hit, answer, 99)));
    view.summary.replaceChildren(summary(answer, state));
    finish(answer);
    view.grid.children[before]?.querySelector(".open").focus({ preventScroll: true });
    say(t("more.said", { count: next.results.length }));
  } catch (error) {
    if (error.kind === "query")
      refresh(); // its generation is gone: from the first page on
    else view.more.replaceChildren(problem(error, { retry: more }));
  }
}

function fail(error) {
  const where = error.field === "where";
  const shownProblem = problem(error, {
    text: where ? state.where : state.q,
    retry: () => update(state),
  });
  view.grid.replaceChildren();
  view.more.replaceChildren();
  view.summary.replaceChildren();
  view.start.replaceChildren();
  view.notices.replaceChildren(shownProblem);
  const input = where ? byId("where") : view.box.input;
  input?.setAttribute("aria-invalid", "true");
  input?.addEventListener("input", () => input.removeAttribute("aria-invalid"), { once: true });
}
