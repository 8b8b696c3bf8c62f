// The review queue: one question at a time, answered by a key; the last answer can be taken back.

import { ask, item as at } from "./api.js";
import { button, editing, el } from "./dom.js";
import { address, read } from "./route.js";
import { message, problem, say } from "./say.js";
import { percent } from "./score.js";
import { t } from "./words.js";

const BATCH = 20;
const LOW = 5; // questions left when the next are fetched
const KEYS = { y: "yes", n: "no", s: "skip" };

let queue = [],
  answered = [],
  ended = false,
  fetching = null,
  view;

export function build(root) {
  view = {
    bar: el("progress", { max: 1, value: 0, "aria-label": t("review.progress") }),
    count: el("p", { class: "smaller soft figure" }),
    stage: el("div", { class: "stage" }),
  };
  root.replaceChildren(
    el(
      "div",
      { class: "stack narrow" },
      el(
        "div",
        { class: "stack tight" },
        el("h1", {}, t("view.review")),
        el("p", { class: "soft intro" }, t("review.intro")),
      ),
      el("div", { class: "stack tight" }, view.bar, view.count),
      view.stage,
    ),
  );
}

export async function update() {
  if (queue.length) return show();
  view.stage.replaceChildren(el("p", { class: "soft", role: "status" }, t("review.loading")));
  await fill();
}

async function fill() {
  fetching ||= ask(`/v1/review?limit=${BATCH + queue.length}`);
  try {
    const { questions } = await fetching;
    const known = new Set([...queue, ...answered].map((one) => one.id));
    const fresh = questions.filter((one) => !known.has(one.id));
    ended = !fresh.length;
    const empty = !queue.length;
    queue.push(...fresh);
    if (empty) show();
    else progress();
  } catch (error) {
    if (!queue.length) view.stage.replaceChildren(problem(error, { retry: update }));
  } finally {
    fetching = null;
  }
}

function show() {
  progress();
  const [one] = queue;
  if (!one) {
    view.stage.replaceChildren(
      message(t(answered.length ? "review.done" : "review.none"), {
        name: "check",
        children: [answered.length > 0 && el("div", { class: "row" }, undoButton())],
      }),
    );
    return;
  }
  const text = one.kind === "match" ? t("review.match") : t("review.tag");
  const heading = el(
    "h2",
    { class: "question", tabindex: -1 },
    text,
    " ",
    el("q", { class: "about" }, one.kind === "match" ? one.query : one.tag),
  );
  const verdict = (answer, key, name, kind = "") =>
    button(t(`review.${answer}`), {
      name,
      kind: `verdict ${kind}`,
      "data-answer": answer,
      "aria-keyshortcuts": key,
      onclick: () => answerWith(answer),
    });
  view.stage.replaceChildren(
    el(
      "article",
      { class: "sheet-card asked" },
      el(
        "figure",
        { class: "large" },
        el("img", {
          src: one.image,
          alt: one.item || t("review.picture"),
          width: 480,
          height: 480,
        }),
      ),
      el(
        "div",
        { class: "stack" },
        heading,
        el("p", { class: "smaller soft" }, doubt(one)),
        el(
          "div",
          { class: "verdicts" },
          verdict("yes", "y", "check", "primary"),
          verdict("no", "n", "close"),
          verdict("skip", "s", "skip"),
          undoButton(),
        ),
        el(
          "p",
          { class: "tiny soft keys-hint" },
          ["y", "n", "s", "u"].map((key) => [el("kbd", {}, key), ` ${t(`review.key.${key}`)}  `]),
        ),
        one.item &&
          el(
            "p",
            { class: "smaller" },
            el(
              "a",
              { href: address({ ...read(), item: one.item }) },
              t("review.item", { id: one.item }),
            ),
          ),
      ),
    ),
  );
  const next = queue[1];
  if (next) new Image().src = next.image; // so that the next one is there at once
  say(heading.textContent);
}

const undoButton = () =>
  button(t("review.undo"), {
    name: "undo",
    kind: "verdict",
    "data-answer": "undo",
    "aria-keyshortcuts": "u",
    disabled: !answered.length,
    onclick: undo,
  });

function doubt(one) {
  const parts = [
    one.score !== undefined &&
      one.score !== null &&
      t("review.score", { percent: percent(one.score) }),
  ];
  if (one.said === true)
    parts.push(t(one.kind === "match" ? "review.said.match" : "review.said.yes"));
  if (one.said === false)
    parts.push(t(one.kind === "match" ? "review.unsaid.match" : "review.said.no"));
  return parts.filter(Boolean).join(" · ");
}

function progress() {
  const total = answered.length + queue.length;
  view.bar.max = Math.max(1, total);
  view.bar.value = answered.length;
  view.count.textContent = t("review.count", {
    done: answered.length,
    left: ended ? queue.length : `${queue.length}+`,
  });
}

async function answerWith(answer) {
  const one = queue.shift();
  if (!one) return;
  answered.push(one);
  show(); // the next at once; the answer travels meanwhile
  if (queue.length < LOW && !ended) fill();
  one.sent = ask("/v1/review", {
    body: { answers: [{ question: one.id, answer }] },
    keepalive: true, // it arrives although the page is left
  });
  try {
    await one.sent;
  } catch (error) {
    answered = answered.filter((other) => other !== one);
    queue.unshift(one);
    show();
    view.stage.append(problem(error));
  }
}

async function undo() {
  const one = answered.pop();
  if (!one) return;
  try {
    await one.sent; // it could overtake the answer that it takes back
  } catch {
    return; // never given, and asked again already
  }
  try {
    await ask(`/v1/review/${encodeURIComponent(one.id)}`, { method: "DELETE" });
    queue.unshift(one);
    show();
    say(t("review.undone"));
  } catch (error) {
    answered.push(one);
    view.stage.append(problem(error));
  }
}

export function key(event) {
  if (editing(event.target)) return false;
  if (event.key === "u") undo();
  else if (KEYS[event.key]) answerWith(KEYS[event.key]);
  else return false;
  return true;
}
