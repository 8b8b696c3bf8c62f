// One item, over whatever is shown: large picture, what the catalog says, why it was found, what is like it.

import { ask, item as at } from "./api.js";
import { thumbnail } from "./cards.js";
import { closable, open } from "./dialog.js";
import { button, editing, el } from "./dom.js";
import { judge, judgeable, judgedIn } from "./judge.js";
import { address, go, read, search } from "./route.js";
import { copy, problem } from "./say.js";
import { hitOf, order, shown } from "./search.js";
import { bytes, language, t } from "./words.js";
import { why } from "./why.js";
import { quoted } from "./where.js";

let current = null;

/** Opens, changes or closes the dialog, as the address says. */
export function showItem(state) {
  if (!state.item) return current?.dialog.close();
  if (!current) {
    const before = button(t("item.before"), {
      name: "left",
      text: false,
      kind: "plain",
      onclick: () => step(-1),
    });
    const after = button(t("item.after"), {
      name: "right",
      text: false,
      kind: "plain",
      onclick: () => step(1),
    });
    const made = closable("", { kind: "item", before: [before, after], onclose: closed });
    current = { ...made, before, after, origin: document.activeElement };
    made.dialog.addEventListener("keydown", keys);
    open(made.dialog);
    made.heading.focus();
  }
  const found = Boolean(hitOf(state.item));
  if (current.id === state.item && current.found === found) return;
  Object.assign(current, { id: state.item, found });
  fill(state.item);
}

function closed() {
  const { id, origin } = current;
  current = null;
  if (read().item) go({ item: "" }, { replace: true });
  const link =
    document.querySelector(`.view-shown .card[data-id="${CSS.escape(id)}"] .open`) || origin;
  link?.focus();
}

function keys(event) {
  if (editing(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowLeft") step(-1);
  else if (event.key === "ArrowRight") step(1);
}

function step(by) {
  const ids = order(),
    next = ids[ids.indexOf(current.id) + by];
  if (next && ids.includes(current.id)) go({ item: next }, { replace: true });
}

async function fill(id) {
  const { body, heading, before, after } = current;
  const hit = hitOf(id),
    ids = order(),
    place = ids.indexOf(id);
  // Not "disabled": focus would be lost from under a finger or key that walks to the end.
  before.setAttribute("aria-disabled", String(place <= 0));
  after.setAttribute("aria-disabled", String(place < 0 || place === ids.length - 1));
  heading.textContent = hit?.name || id;
  const side = el("div", { class: "stack side" });
  const picture = el(
    "figure",
    { class: "large" },
    el("img", { src: at(id, "/image"), alt: hit?.caption || id }),
  );
  const alike = el("section", { class: "stack tight alike" });
  body.replaceChildren(picture, side, alike);
  body.scrollTop = 0;
  try {
    const said = await ask(at(id));
    if (current?.id !== id) return;
    heading.textContent = said.name || said.id;
    const img = picture.firstChild;
    img.width = said.width;
    img.height = said.height;
    img.alt = said.captions[0]?.text || said.name || said.id;
    side.replaceChildren(...details(said, hit));
  } catch (error) {
    if (current?.id === id) side.replaceChildren(problem(error, { retry: () => fill(id) }));
    return;
  }
  similar(id, alike);
}

/** Those in the reader's language first. */
const mine = (captions) => {
  const theirs = (one) => Number(!!one.language && one.language !== language);
  return [...captions].sort((one, other) => theirs(one) - theirs(other));
};

function details(said, hit) {
  const state = read(),
    explained = hit && hit.score !== undefined && why(hit, shown().threshold);
  return [
    said.captions.length > 0 &&
      el(
        "ul",
        { class: "stack tight captions" },
        mine(said.captions).map((one) => el("li", { lang: one.language || null }, one.text)),
      ),
    judgeable(state) && hit && verdicts(said.id, judgedIn(state, said.id)),
    said.tags.length > 0 &&
      section(
        "item.tags",
        el(
          "div",
          { class: "row tags" },
          said.tags.map((tag) =>
            el(
              "a",
              {
                class: "chip small",
                href: address({ ...read("?"), where: `tag = ${quoted(tag)}` }),
              },
              tag,
            ),
          ),
        ),
      ),
    explained && section("item.why", explained),
    section("item.attributes", attributes(said)),
    el(
      "div",
      { class: "row" },
      button(t("item.similar"), {
        name: "search",
        kind: "small",
        onclick: () => search({ like: [said.id] }),
      }),
      button(t("item.copy"), {
        name: "copy",
        kind: "small",
        onclick: () => copy(said.id, t("copied", { what: said.id })),
      }),
      el(
        "a",
        { class: "button small", href: at(said.id, "/image"), target: "_blank", rel: "noopener" },
        t("item.original"),
      ),
    ),
    said.indexed === false && el("p", { class: "smaller soft" }, t("item.waiting")),
  ].filter(Boolean);
}

const section = (title, ...children) =>
  el("section", { class: "stack tight" }, el("h3", {}, t(title)), children);

function verdicts(id, judged) {
  const one = (verdict, key) =>
    button(t(`judge.${verdict}`), {
      name: verdict,
      kind: "small",
      "aria-pressed": String(judged === verdict),
      "aria-keyshortcuts": key,
      "data-verdict": verdict,
      onclick: async () => {
        await judge(id, verdict);
        for (const other of box.querySelectorAll("button"))
          other.setAttribute(
            "aria-pressed",
            String(judgedIn(read(), id) === other.dataset.verdict),
          );
      },
    });
  const box = el(
    "div",
    { class: "row", role: "group", "aria-label": t("judge") },
    one("good", "g"),
    one("bad", "b"),
  );
  return box;
}

function attributes(said) {
  const rows = [
    ["id", said.id],
    ...Object.entries(said.attributes),
    ["split", said.split],
    [
      "file",
      t("item.file", {
        width: said.width,
        height: said.height,
        format: said.format,
        size: bytes(said.bytes),
      }),
    ],
  ];
  return el(
    "dl",
    { class: "pairs smaller" },
    rows
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [
        el("dt", {}, label(name)),
        el("dd", {}, Array.isArray(value) ? value.join(", ") : String(value)),
      ]),
  );
}

const label = (name) => {
  const known = t(`field.${name}`);
  return known === `field.${name}` ? name.replaceAll("_", " ") : known;
};

async function similar(id, box) {
  try {
    const answer = await ask(at(id, "/similar?top=12"));
    if (current?.id !== id || !answer.results.length) return;
    box.replaceChildren(
      el("h3", {}, t("item.alike")),
      el(
        "ul",
        { class: "strip" },
        answer.results.map((one) =>
          el(
            "li",
            {},
            el(
              "a",
              { href: address({ ...read(), item: one.id }), title: one.name || one.id },
              thumbnail(one.id, one.name || one.id, { sizes: "7rem" }),
            ),
          ),
        ),
      ),
    );
  } catch {
    /* no index, no likeness: the item itself is shown all the same */
  }
}
