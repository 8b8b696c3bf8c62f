// Elements from plain calls. Texts always go in as texts: nothing here reads HTML.

const ICONS = new URL("../icons.svg", import.meta.url).pathname;
const SVG = "http://www.w3.org/2000/svg";

/** el("p", { class: "soft", onclick: f }, "text", child): falsy children and attributes are left out. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "open") node[key] = value;
    else if (key === "vars")
      for (const [name, v] of Object.entries(value)) node.style.setProperty(`--${name}`, v);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child || child === 0));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg"),
    use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon; `label` is what is read out, and shown where `text` is not false. */
export function button(label, { name, text = true, kind = "", ...rest } = {}) {
  const said = text ? {} : { "aria-label": label, title: label };
  const shape = text ? kind : `${kind} icon-only`;
  return el(
    "button",
    { type: "button", class: shape, ...said, ...rest },
    name && icon(name),
    text && el("span", {}, label),
  );
}

let ids = 0;
export const unique = (stem) => `${stem}-${++ids}`;

/** A label over a field. */
export function field(label, input, hint) {
  input.id ||= unique("field");
  return el(
    "div",
    { class: "stack field" },
    el("label", { for: input.id }, label),
    input,
    hint && el("p", { class: "tiny soft" }, hint),
  );
}

export const byId = (id) => document.getElementById(id);

export const editing = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches(
      "textarea, select, input:not([type=checkbox], [type=range], [type=radio], [type=file])",
    ));
