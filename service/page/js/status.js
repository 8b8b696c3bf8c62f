// The index: what is live, what is being built, what failed.

import { ask } from "./api.js";
import { button, byId, el } from "./dom.js";
import * as live from "./live.js";
import { recognises } from "./record.js";
import { message, problem, say } from "./say.js";
import { locale, t } from "./words.js";

let view,
  job = null;

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
  try {
    const said = await ask("/v1/index");
    recognises(said.recogniser);
    if (said.job) progressed(said.job);
    view.state.replaceChildren(...state(said));
  } catch (error) {
    view.state.replaceChildren(problem(error, { retry: update }));
  }
}

function state(said) {
  const live = said.generation;
  const facts = [
    ["index.generation", live?.name ?? t("index.none")],
    [
      "index.items",
      live && t("index.of", { count: number(live.items), all: number(said.catalog.items) }),
    ],
    ["index.captions", number(live?.captions)],
    ["index.created", when(live?.created)],
    ["index.model", live && el("code", { title: live.model }, live.model.slice(0, 12))],
    ["index.queue", number(said.queue ?? 0)],
  ];
  const failures = [said.trouble, ...(said.failures || [])].filter(Boolean);
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
    said.published.length > 0 &&
      el(
        "section",
        { class: "stack tight" },
        el("h2", {}, t("index.generations")),
        published(said.published, live?.name),
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

const published = (names, current) =>
  el(
    "ul",
    { class: "row" },
    names.map((name) =>
      el(
        "li",
        { class: `chip small figure generation${name === current ? " live" : ""}` },
        name,
        name === current && el("span", { class: "tiny" }, t("index.live")),
      ),
    ),
  );

/** Without reading it out as an alert: it is no news. */
const failure = (one) => message(one.detail || one.what || one.title, { bad: true });

const number = (value) => (typeof value === "number" ? value.toLocaleString(locale()) : value);

const when = (value) =>
  value
    ? el(
        "time",
        { datetime: value },
        new Date(value).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "medium" }),
      )
    : value;

async function start() {
  view.start.disabled = true;
  try {
    const said = await ask("/v1/index/build", { method: "POST" });
    progressed({ job: said.job, stage: "", done: 0, total: 0 });
  } catch (error) {
    view.job.replaceChildren(problem(error));
    view.start.disabled = Boolean(job);
  }
}

function progressed(said) {
  if (said.stage !== job?.stage)
    say(said.stage ? t("index.stage", { stage: stage(said.stage) }) : t("index.started"));
  job = said;
  byId("building").hidden = false;
  draw();
}

function ended() {
  job = null;
  byId("building").hidden = true;
  draw();
  if (view) update();
}

function draw() {
  if (!view) return;
  view.start.disabled = Boolean(job);
  if (!job) return view.job.replaceChildren();
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

live.on("progress", progressed);
live.on("published", ended);
live.on("queue", () => {
  if (view && !byId("view-index").hidden) update();
});
live.on("failed", (said) => {
  ended();
  view?.job.replaceChildren(problem(said.problem || said));
});
