// Telling a person: out loud for screen readers, in passing as a toast, in place as a message.

import { button, byId, el, icon } from "./dom.js";
import { t } from "./words.js";

export function say(text) {
  byId("said").textContent = text;
}

export function warn(text) {
  byId("warned").textContent = text;
}

/** A line at the foot of the page that goes by itself, with at most one thing to do. */
export function toast(text, { action, onclick, seconds = 5 } = {}) {
  const line = el("div", { class: "toast" }, el("span", {}, text));
  const gone = () => line.remove();
  if (action) {
    line.append(
      button(action, {
        kind: "small",
        onclick: () => {
          gone();
          onclick();
        },
      }),
    );
    line.append(button(t("close"), { name: "close", text: false, onclick: gone }));
  }
  byId("toasts").replaceChildren(line);
  say(text);
  if (!action) setTimeout(gone, seconds * 1000);
  return gone;
}

export function message(text, { bad = false, name, children = [] } = {}) {
  return el(
    "div",
    { class: `message${bad ? " bad" : ""}` },
    icon(name || (bad ? "alert" : "info")),
    el("div", { class: "grow stack tight" }, el("p", {}, text), children),
  );
}

/** A Problem in words: what, why, what to do; the place where the text went wrong; a way to try again. */
export function problem(error, { text = "", retry } = {}) {
  console.error(error);
  const [what, hint] = words(error);
  const said = error.field === "where" ? t("filter.problem", { what }) : what;
  warn(said);
  const children = [hint && el("p", { class: "smaller" }, hint)];
  if (error.pointer && (error.pointer.text || text))
    children.push(pointed(error.pointer.text || text, error.pointer));
  if (retry && (error.status === 0 || error.status >= 429))
    children.push(
      el("div", {}, button(t("retry"), { name: "refresh", kind: "small", onclick: retry })),
    );
  if (error.request_id && error.status >= 500)
    children.push(el("p", { class: "tiny" }, t("request-id", { id: error.request_id })));
  return message(said, { bad: true, children });
}

function words(error) {
  if (error.kind === "offline") return [t("offline"), t("offline.hint")];
  if (error.kind === "garbled") return [t("garbled"), ""];
  if (error.kind === "busy" || error.status === 429) return [t("busy"), t("busy.hint")];
  if (error.what)
    return [error.why ? `${error.what}: ${error.why}` : error.what, error.remedy || ""];
  if (error.status)
    return [error.detail || error.title || t("failed", { status: error.status }), ""];
  return [t("bug"), String(error.message || error)];
}

function pointed(text, { start, end }) {
  const chars = [...text]; // the service counts characters, JavaScript half of some
  const place = chars.slice(start, Math.max(end, start + 1)).join("") || " ";
  return el(
    "pre",
    { class: "pointed", tabindex: 0 },
    chars.slice(0, start).join(""),
    el("mark", {}, place),
    chars.slice(Math.max(end, start + 1)).join(""),
  );
}

export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // no permission, or no secure context: the old way
    const area = el("textarea", { value: text, class: "visually-hidden" });
    (document.querySelector("dialog[open]") || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(done);
}
