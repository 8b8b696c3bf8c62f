// Results as cards in a grid: one tab stop, walked by the arrow keys.

import { button, el, icon } from "./dom.js";
import { address, read } from "./route.js";
import { item } from "./api.js";
import { scoreBar } from "./score.js";
import { t } from "./words.js";

const SIZES = "(max-width: 43rem) 46vw, 15rem";

/** A thumbnail in a frame that has its size before the picture is there. */
export function thumbnail(id, alt, { sizes = SIZES, eager = false } = {}) {
  const at = (size) => item(id, `/thumbnail?size=${size}`);
  const img = el("img", {
    src: at(256),
    srcset: `${at(128)} 128w, ${at(256)} 256w, ${at(512)} 512w`,
    sizes,
    alt,
    width: 256,
    height: 256,
    loading: eager ? null : "lazy",
    decoding: "async",
  });
  const frame = el("span", { class: "frame" }, img);
  img.addEventListener(
    "error",
    () =>
      frame.replaceChildren(
        el("span", { class: "missing tiny" }, icon("picture"), t("picture.gone")),
      ),
    { once: true },
  );
  return frame;
}

/** One hit, or an item of the catalog (then there is no score). */
export function card(
  hit,
  { threshold = 0, scored = true, judged = "", eager = false, onfold } = {},
) {
  const name = hit.name || hit.id;
  const link = el(
    "a",
    { class: "open", href: address({ ...read(), item: hit.id }), tabindex: -1 },
    thumbnail(hit.id, hit.caption || name, { eager }),
    el("span", { class: "name" }, name),
  );
  const body = el(
    "li",
    { class: `card${judged ? ` ${judged}` : ""}`, "data-id": hit.id },
    link,
    judged &&
      el(
        "span",
        { class: "judged" },
        icon(judged),
        el(
          "span",
          { class: "visually-hidden" },
          t(judged === "good" ? "judged.good" : "judged.bad"),
        ),
      ),
    scored && hit.score !== undefined && scoreBar(hit.score, { threshold }),
    hit.caption && el("p", { class: "caption smaller soft" }, hit.caption),
    hit.group?.length > 0 &&
      button(t("alike", { count: hit.group.length }), {
        name: "layers",
        kind: "small plain fold",
        "aria-expanded": "false",
        onclick: (event) => onfold?.(hit, event.currentTarget),
      }),
  );
  return body;
}

/** What is folded under a hit, as a row of small pictures. */
export function variants(hit) {
  return el(
    "ul",
    { class: "variants", "aria-label": t("alike", { count: hit.group.length }) },
    hit.group.map((one) =>
      el(
        "li",
        {},
        el(
          "a",
          { href: address({ ...read(), item: one.id }) },
          thumbnail(one.id, one.name || one.id, { sizes: "5rem" }),
          el("span", { class: "tiny soft" }, t(`why.${one.why}`)),
        ),
      ),
    ),
  );
}

/** Grey cards of the same size, while the answer is on its way. */
export const waiting = (count) =>
  Array.from({ length: count }, () =>
    el(
      "li",
      { class: "card ghost", "aria-hidden": "true" },
      el("span", { class: "frame" }),
      el("span", { class: "line" }),
      el("span", { class: "line short" }),
    ),
  );

/** Makes a list of cards one tab stop. */
export function walkable(list) {
  const links = () => [...list.querySelectorAll(":scope > .card > .open")];
  const current = (link) => {
    for (const one of links()) one.tabIndex = one === link ? 0 : -1;
  };
  list.addEventListener("focusin", (event) => {
    const link = event.target.closest(".open");
    if (link) current(link);
  });
  list.addEventListener("keydown", (event) => {
    const all = links(),
      at = all.indexOf(event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = target(all, at, event.key);
    if (to === undefined) return;
    event.preventDefault();
    all[to]?.focus();
    all[to]?.scrollIntoView({ block: "nearest" });
  });
  /** To be called when cards came or went. */
  return () => {
    const all = links();
    if (all.length && !all.some((one) => one.tabIndex === 0)) all[0].tabIndex = 0;
  };
}

function target(all, at, key) {
  const columns = all.filter(
    (one) => one.parentElement.offsetTop === all[0].parentElement.offsetTop,
  ).length;
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
  if (key === "Home") return 0;
  if (key === "End") return all.length - 1;
  const to = at + steps[key];
  return to >= 0 && to < all.length ? to : steps[key] ? at : undefined;
}
