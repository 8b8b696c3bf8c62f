// Filters from what the catalog has: chips, ranges, and the text that they make, to be edited by hand.

import { ask } from "./api.js";
import { combobox } from "./complete.js";
import { button, el, icon } from "./dom.js";
import { offered, put } from "./offered.js";
import { go } from "./route.js";
import { t } from "./words.js";
import {
  bare,
  chosen,
  equal,
  parse,
  quoted,
  range,
  ranged,
  toggled,
  write,
  written,
} from "./where.js";

const HIDDEN = new Set(["id", "name", "caption", "words"]); // searched by words, not picked from
const FEW = 12; // attributes that are shown at once

let known = null;
export const fields = () =>
  (known ||= ask("/v1/fields")
    .then((answer) => answer.fields)
    .catch((error) => {
      known = null;
      throw error;
    }));
export const forget = () => {
  known = null;
};

export const count = (where) => (where ? parse(where).length : 0);

/** Every clause as a chip that takes it away. */
export function activeFilters(state) {
  const clauses = parse(state.where);
  const removed = (n) => write(clauses.filter((_, m) => m !== n));
  const chips = state.where
    ? clauses.map((clause, n) => remover(written(clause), () => go({ where: removed(n) })))
    : [];
  for (const tag of state.tag)
    chips.push(remover(tag, () => go({ tag: state.tag.filter((one) => one !== tag) })));
  if (state.split) chips.push(remover(state.split, () => go({ split: "" })));
  if (chips.length > 1)
    chips.push(
      button(t("filter.none"), {
        kind: "small plain",
        onclick: () => go({ where: "", tag: [], split: "" }),
      }),
    );
  return chips;
}

const remover = (text, onclick) =>
  el(
    "button",
    { type: "button", class: "chip small", "aria-label": t("remove", { name: text }), onclick },
    el("span", { class: "clip" }, text),
    icon("close"),
  );

export async function filterPanel(root, state) {
  const found = await fields();
  const clauses = state.where ? parse(state.where) : [];
  const shown = found.filter((one) => !HIDDEN.has(one.name) && one.values > 1);
  const tag = shown.filter((one) => one.builtin && one.name === "tag");
  const own = shown.filter((one) => !one.builtin);
  const rest = [...own.slice(FEW), ...shown.filter((one) => one.builtin && one.name !== "tag")];
  const isOpen = (name) => Boolean(root.querySelector(`details.${name}`)?.open);
  const focused = document.activeElement?.dataset?.focus;
  root.replaceChildren(
    ...[...tag, ...own.slice(0, FEW)].map((one) => control(one, clauses)),
    rest.length
      ? el(
          "details",
          { class: "rest", open: isOpen("rest") },
          el("summary", {}, t("filter.more")),
          el(
            "div",
            { class: "stack" },
            rest.map((one) => control(one, clauses)),
          ),
        )
      : "",
  );
  root.prepend(
    el(
      "details",
      { class: "hand", open: isOpen("hand") || clauses.some((one) => one.text) },
      el("summary", {}, t("filter.hand")),
      handWritten(state),
    ),
  );
  if (focused) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

const control = (one, clauses) =>
  el(
    "fieldset",
    {},
    el("legend", {}, named(one.name)),
    one.kind === "number" || one.kind === "date" ? ends(one, clauses) : chips(one, clauses),
  );

const named = (name) => {
  const said = t(`field.${name}`);
  return said === `field.${name}` ? name.replaceAll("_", " ") : said;
};

function chips(one, clauses) {
  const all = one.builtin && one.name === "tag";
  const on = chosen(clauses, one.name);
  const set = (value) => go({ where: write(toggled(clauses, one.name, value, all)) });
  const rows = one.top.map(({ value, items }) => [value, items]);
  for (const value of on)
    if (!rows.some(([shown]) => equal(shown, value))) rows.push([value, null]);
  const list = el(
    "div",
    { class: "chips" },
    rows.map(([value, items]) =>
      el(
        "button",
        {
          type: "button",
          class: "chip small",
          "data-focus": `${one.name}=${value}`,
          "aria-pressed": String(on.some((picked) => equal(picked, value))),
          onclick: () => set(value),
        },
        el("span", { class: "clip" }, value),
        items !== null && el("span", { class: "tiny figure count" }, items.toLocaleString()),
      ),
    ),
  );
  if (one.values <= one.top.length) return list;
  const more = el(
    "button",
    {
      type: "button",
      class: "chip small further",
      "data-focus": `${one.name}+`,
      "aria-expanded": "false",
      onclick: () => {
        const typed = other(one, set);
        more.replaceWith(typed);
        typed.querySelector("input").focus();
      },
    },
    t("filter.further", { count: (one.values - one.top.length).toLocaleString() }),
  );
  list.append(more);
  return list;
}

/** Values beyond the most frequent: typed, with completion. */
function other(one, set) {
  const input = el("input", {
    type: "text",
    class: "small",
    placeholder: t("filter.other"),
    "aria-label": t("filter.other.label", { field: named(one.name) }),
    "data-focus": `${one.name}=`,
  });
  const { list } = combobox(input, {
    label: named(one.name),
    source: async (text, _caret, signal) => {
      const condition = `${quoted(one.name)} = ${text}`;
      const found = await offered(condition, condition.length, signal, "where");
      return found.filter((choice) => choice.kind === "value");
    },
    pick: (choice) => set(bare(choice.text)),
  });
  input.addEventListener("keydown", (event) => {
    if (
      event.key === "Enter" &&
      !event.isComposing &&
      !event.defaultPrevented &&
      input.value.trim()
    )
      set(input.value.trim());
  });
  return el("div", { class: "pick" }, input, list);
}

function ends(one, clauses) {
  const { low, high } = range(clauses, one.name);
  const date = one.kind === "date";
  const input = (value, bound, label, focus) =>
    el("input", {
      type: "text",
      inputmode: date ? null : "decimal",
      autocomplete: "off",
      class: "figure",
      value,
      placeholder: date ? String(bound).slice(0, 10) : short(bound),
      "aria-label": `${named(one.name)}: ${label}`,
      "data-focus": `${one.name}${focus}`,
      onchange: set,
    });
  const from = input(low, one.lowest, t("filter.from"), "<"),
    to = input(high, one.highest, t("filter.to"), ">");
  function set() {
    go({ where: write(ranged(clauses, one.name, from.value.trim(), to.value.trim())) });
  }
  return el("div", { class: "ends" }, from, el("span", { "aria-hidden": "true" }, "–"), to);
}

const short = (number) => (typeof number === "number" ? Number(number.toPrecision(6)) : number);

function handWritten(state) {
  const input = el("textarea", {
    id: "where",
    "aria-label": t("filter.hand"),
    rows: 2,
    spellcheck: "false",
    autocapitalize: "off",
    placeholder: t("filter.example"),
    "data-focus": "where",
  });
  input.value = state.where;
  const set = () => go({ where: input.value.trim() });
  const { list } = combobox(input, {
    label: t("filter.hand"),
    source: (text, caret, signal) => offered(text, caret, signal, "where"),
    pick: (choice) => put(input, choice),
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && !event.defaultPrevented) {
      event.preventDefault();
      set();
    }
  });
  input.addEventListener("change", set);
  const hint = el("p", { class: "tiny soft" }, t("filter.hand.hint"));
  return el("div", { class: "pick" }, input, list, hint);
}
