// How results are chosen and put: least score, variety, variants; and what a score means.

import { closable, open } from "./dialog.js";
import { button, el, unique } from "./dom.js";
import { go } from "./route.js";
import { percent } from "./score.js";
import { ranks } from "./request.js";
import { t } from "./words.js";

export function controls(state) {
  if (!ranks(state)) return [];
  const set = Boolean(state.min || state.variety || state.apart);
  return [
    button(t("controls"), {
      kind: `small${set ? " set" : " plain"}`,
      "aria-haspopup": "dialog",
      id: "controls",
      onclick: () => show(state),
    }),
  ];
}

function show(state) {
  const { dialog, body } = closable(t("controls"), { kind: "sheet" });
  const apart = el("input", { type: "checkbox", checked: state.apart });
  const min = slider("min", t("min"), t("min.hint"), state.min, (value) =>
    value ? t("min.least", { percent: percent(value) }) : t("min.all"),
  );
  const variety = slider("variety", t("variety"), t("variety.hint"), state.variety, (value) =>
    value ? percent(value) : t("variety.none"),
  );
  body.append(
    min.box,
    variety.box,
    el("label", { class: "check" }, apart, t("apart")),
    el(
      "div",
      { class: "row" },
      button(t("apply"), {
        kind: "primary",
        onclick: () => {
          dialog.close();
          go({
            min: Number(min.input.value),
            variety: Number(variety.input.value),
            apart: apart.checked,
          });
        },
      }),
      button(t("reset"), {
        kind: "plain",
        onclick: () => {
          dialog.close();
          go({ min: 0, variety: 0, apart: false });
        },
      }),
    ),
  );
  open(dialog);
}

/** A share from 0 to 1, with words for where it stands. */
function slider(name, label, hint, value, words) {
  const said = el("output", { class: "figure" }, words(value));
  const input = el("input", {
    id: unique(name),
    type: "range",
    min: 0,
    max: 1,
    step: 0.05,
    value,
    name,
    "aria-valuetext": words(value),
    oninput: () => {
      said.textContent = words(Number(input.value));
      input.setAttribute("aria-valuetext", said.textContent);
    },
  });
  const box = el(
    "div",
    { class: "stack slider" },
    el("div", { class: "row spread" }, el("label", { for: input.id }, label), said),
    input,
    el("p", { class: "tiny soft" }, hint),
  );
  return { input, box };
}

export function legend(threshold) {
  return el(
    "button",
    {
      type: "button",
      class: "link",
      onclick: () => {
        const { dialog, body } = closable(t("legend.title"), { kind: "sheet" });
        body.append(
          el("p", {}, t("legend.what")),
          el(
            "dl",
            { class: "keys" },
            ["sure", "very", "likely", "maybe", "below"].map((word) => [
              el("dt", {}, t(`score.${word}`)),
              el(
                "dd",
                { class: "soft figure" },
                t(`legend.${word}`, { percent: percent(threshold) }),
              ),
            ]),
          ),
        );
        open(dialog);
      },
    },
    t("legend.open"),
  );
}
