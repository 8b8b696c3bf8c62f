// The product that a picture shows, where the home has learnt to tell products: with promotions and stores.

import { ask } from "./api.js";
import { button, el, field, icon } from "./dom.js";
import { problem } from "./say.js";
import { scoreBar } from "./score.js";
import { t } from "./words.js";

let there = null; // a promise of whether this home tells products

export const recognises = () =>
  (there ||= ask("/v1/index").then(
    (said) => said.recogniser,
    () => (there = null),
  ));

/** The button that asks for the product, and puts the answer into `below`. */
export const recognise = (file, below) =>
  button(t("record.open"), {
    name: "store",
    kind: "small",
    onclick: () => below.replaceChildren(panel(file)),
  });

function panel(file) {
  const near = el("input", { name: "near", placeholder: "37.5665,126.9780", autocomplete: "off" });
  const within = el("input", { name: "within", placeholder: "2km", autocomplete: "off" });
  const on = el("input", { name: "on", type: "date" });
  const found = el("div", { class: "stack", role: "status" });
  const here = button(t("record.here"), {
    kind: "small",
    onclick: () =>
      navigator.geolocation?.getCurrentPosition(
        ({ coords }) => {
          near.value = `${coords.latitude.toFixed(4)},${coords.longitude.toFixed(4)}`;
          look();
        },
        () => near.focus(),
      ),
  });
  const form = el(
    "form",
    {
      class: "stack adding",
      "aria-label": t("record.open"),
      onsubmit: (event) => {
        event.preventDefault();
        look();
      },
    },
    found,
    el(
      "div",
      { class: "two" },
      field(t("record.near"), near),
      field(t("record.within"), within),
      field(t("record.on"), on),
    ),
    el(
      "div",
      { class: "row" },
      el("button", { type: "submit", class: "small" }, t("record.go")),
      here,
    ),
  );

  let asked = 0; // an answer to an earlier question must not come last

  async function look() {
    const mine = ++asked;
    const body = new FormData();
    body.append("image", file, file.name || "pasted");
    const options = Object.fromEntries(
      [near, within, on]
        .filter((input) => input.value.trim())
        .map((input) => [input.name, input.value.trim()]),
    );
    body.append("options", JSON.stringify(options));
    try {
      const answer = await ask("/v1/recognise", { body });
      if (mine === asked) found.replaceChildren(record(answer.images[0]));
    } catch (error) {
      if (mine === asked) found.replaceChildren(problem(error));
    }
  }

  look();
  return form;
}

function record(one) {
  if (one.error) return problem({ what: one.error });
  if (!one.known)
    return el(
      "div",
      { class: "stack tight" },
      el("p", {}, t("record.unknown")),
      el(
        "ul",
        { class: "stack tight" },
        one.candidates
          .slice(0, 3)
          .map((other) =>
            el(
              "li",
              { class: "rated wide" },
              el("span", {}, other.product),
              scoreBar(other.probability, { words: false }),
            ),
          ),
      ),
    );
  const facts = [
    ...Object.entries(one.attributes),
    ...Object.values(one.tables).flatMap((table) => Object.entries(table)),
  ];
  return el(
    "div",
    { class: "stack" },
    el(
      "div",
      { class: "rated wide" },
      el("h3", {}, one.name || one.product),
      scoreBar(one.probability, { words: false }),
    ),
    facts.length > 0 &&
      el(
        "dl",
        { class: "pairs smaller" },
        facts.map(([name, value]) => [
          el("dt", {}, name.replaceAll("_", " ")),
          el("dd", {}, Array.isArray(value) ? value.join(", ") : String(value)),
        ]),
      ),
    el("h3", {}, t("record.promotions", { day: one.day })),
    one.promotions.length
      ? el("ul", { class: "stack tight" }, one.promotions.map(promotion))
      : el("p", { class: "soft smaller" }, t("record.promotions.none")),
  );
}

function promotion(one) {
  const days = [one.starts, one.ends].some(Boolean)
    ? `${one.starts || "…"} – ${one.ends || "…"}`
    : "";
  const store =
    one.store &&
    el(
      "p",
      { class: "row smaller" },
      icon("store"),
      el("span", {}, `${one.store.name}, ${distance(one.store.metres)}`),
      el("span", { class: "soft" }, one.store.address),
    );
  return el(
    "li",
    { class: "message" },
    el(
      "div",
      { class: "grow stack tight" },
      el("p", {}, [one.text, one.price].filter(Boolean).join(" · ")),
      days && el("p", { class: "smaller soft figure" }, days),
      store,
    ),
  );
}

const distance = (metres) =>
  metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
