// The index: what is live, what is being built, what failed.

import { ask } from "./api.js";
import { button, byId, el } from "./dom.js";
import * as live from "./live.js";
import { message, problem, say } from "./say.js";
import { bytes, locale, t } from "./words.js";

// What is at work is known from the service's own words alone, which come in their order; an answer
// to a request may be older than they are.
let view,
  job = null,
  refusal = null, // why the last job failed, until another begins
  looking = false, // one request at a time: an older answer must not come last
  again = false;
const over = new Map(); // job → why it failed, if it did; told perhaps before the answer that names it

export function build(root) {
  view = {
    state: el("div", { class: "stack", id: "index-state" }),
    job: el("div", { class: "stack tight", id: "job" }),
    action: el("div", { class: "row" }),
  };
  view.start = button(t("index.build"), {
    name: "refresh",
    kind: "primary",
    id: "build",
    onclick: start,
  });
  view.action.append(view.start);
  root.replaceChildren(
    el(
      "div",
      { class: "stack narrow" },
      el("div", { class: "row spread" }, el("h1", {}, t("view.index")), view.action),
      view.job,
      view.state,
    ),
  );
  draw();
}

export async function update() {
  again = looking;
  if (looking) return;
  looking = true;
  do {
    again = false;
    try {
      const said = await ask("/v1/index");
      view.state.replaceChildren(...state(said));
    } catch (error) {
      view.state.replaceChildren(problem(error, { retry: update }));
    }
  } while (again);
  looking = false;
}

function state(said) {
  const { catalog, generations } = said;
  const facts = [
    ["index.generation", said.generation ?? t("index.none")],
    ["index.items", share(said.items ?? 0, catalog.items)],
    ["index.captions", number(said.captions)],
    ["index.created", when(said.created)],
    ["index.model", said.model && el("code", { title: said.model }, said.model.slice(0, 12))],
    ["index.queue", number(said.queue)],
  ];
  const failures = [said.trouble, ...said.failures.toReversed()].filter(Boolean);
  return [
    el(
      "dl",
      { class: "facts" },
      facts
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) =>
          el(
            "div",
            { class: "sheet-card" },
            el("dt", { class: "smaller soft" }, t(name)),
            el("dd", { class: "figure" }, value),
          ),
        ),
    ),
    generations.length > 0 &&
      el(
        "section",
        { class: "stack tight" },
        el("h2", {}, t("index.generations")),
        table(generations),
      ),
    el(
      "section",
      { class: "stack tight" },
      el("h2", {}, t("index.failures")),
      failures.length
        ? el(
            "ul",
            { class: "stack tight" },
            failures.map((one) => el("li", {}, failure(one))),
          )
        : el("p", { class: "soft" }, t("index.failures.none")),
    ),
  ].filter(Boolean);
}

function table(generations) {
  const heads = [
    "index.generation",
    "index.items",
    "index.captions",
    "index.size",
    "index.created",
  ];
  const row = (one) =>
    el(
      "tr",
      {},
      el(
        "th",
        { scope: "row" },
        one.name,
        one.live && el("span", { class: "live tiny" }, t("index.live")),
      ),
      [number(one.items), number(one.captions), bytes(one.bytes), when(one.created)].map((cell) =>
        el("td", {}, cell),
      ),
    );
  return el(
    "div",
    {
      class: "sheet-card scroll figure",
      tabindex: 0,
      role: "region",
      "aria-label": t("index.generations"),
    },
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map((name) => el("th", { scope: "col" }, t(name))),
        ),
      ),
      el("tbody", {}, generations.toSorted(newest).map(row)),
    ),
  );
}

/** Without reading it out as an alert: it is no news. */
const failure = (one) => message(one.detail || one.what || one.title, { bad: true });

const newest = (a, b) => Number(b.name) - Number(a.name);

const share = (count, all) =>
  count === all ? number(all) : t("index.of", { count: number(count), all: number(all) });

const number = (value) => (typeof value === "number" ? value.toLocaleString(locale()) : value);

const when = (value) =>
  value
    ? el(
        "time",
        { datetime: value },
        new Date(value).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short" }),
      )
    : value;

async function start() {
  view.start.disabled = true;
  try {
    const said = await ask("/v1/index/build", { method: "POST" });
    // Its first steps, or its end, may have been told already.
    if (over.has(said.job)) refusal = over.get(said.job);
    else if (!job) return progressed({ job: said.job, stage: "", done: 0, total: 0 });
  } catch (error) {
    refusal = error;
  }
  draw();
}

function progressed(said) {
  if (said.stage !== job?.stage)
    say(said.stage ? t("index.stage", { stage: stage(said.stage) }) : t("index.started"));
  job = said;
  refusal = null;
  draw();
}

function ended(said) {
  over.set(said.job, said.problem || null);
  job = null;
  refusal = said.problem || null;
  draw();
  if (view) update();
}

/** At first, and whenever the stream was away: how things stand, whatever was told meanwhile. */
function caughtUp(said) {
  for (const one of [said.published, said.failed].filter(Boolean))
    over.set(one.job, one.problem || null);
  if (said.job) progressed(said.job);
  else if (job) ended({ job: job.job, problem: over.get(job.job) });
  else if (view) update();
}

function draw() {
  byId("building").hidden = !job;
  if (!view) return;
  view.start.disabled = Boolean(job);
  if (!job) return view.job.replaceChildren(...(refusal ? [problem(refusal)] : []));
  if (!view.job.querySelector("progress"))
    view.job.replaceChildren(
      el(
        "div",
        { class: "sheet-card stack tight" },
        el(
          "div",
          { class: "row spread" },
          el("strong", {}),
          el("span", { class: "figure smaller" }),
        ),
        el("progress", { "aria-label": t("index.progress") }),
      ),
    );
  const [bar, name, figures] = ["progress", "strong", "span"].map((one) =>
    view.job.querySelector(one),
  );
  name.textContent = job.stage ? stage(job.stage) : t("index.started");
  figures.textContent = job.total ? `${number(job.done)} / ${number(job.total)}` : "";
  if (job.total) {
    bar.max = job.total;
    bar.value = job.done;
  } else bar.removeAttribute("value");
}

function stage(name) {
  const said = t(`stage.${name}`);
  return said === `stage.${name}` ? name : said;
}

live.on("state", caughtUp);
live.on("progress", progressed);
for (const end of ["published", "failed", "postponed"]) live.on(end, ended);
live.on("queue", () => {
  if (view && !byId("view-index").hidden) update();
});
