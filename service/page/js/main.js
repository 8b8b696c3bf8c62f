// Puts the page together: views, address, keys, what comes in by itself.

import { events } from "./api.js";
import { addPictures } from "./box.js";
import { byId, icon } from "./dom.js";
import { showItem } from "./item.js";
import { judge } from "./judge.js";
import { listen, showKeys } from "./keys.js";
import * as live from "./live.js";
import { receive } from "./pictures.js";
import * as review from "./review.js";
import { onChange, read } from "./route.js";
import { message, toast } from "./say.js";
import * as search from "./search.js";
import * as session from "./session.js";
import * as status from "./status.js";
import * as tag from "./tag.js";
import { language, setLanguage, t, translate } from "./words.js";

const VIEWS = { search, tag, review, index: status };
const built = new Set();
const THEMES = ["auto", "light", "dark"];

function show(state) {
  const name = state.view in VIEWS ? state.view : "search";
  for (const view of Object.keys(VIEWS)) {
    byId(`view-${view}`).hidden = view !== name;
    byId(`view-${view}`).classList.toggle("view-shown", view === name);
  }
  if (!built.has(name)) {
    VIEWS[name].build(byId(`view-${name}`));
    built.add(name);
  }
  for (const link of document.querySelectorAll("a[data-view]:not(.brand)")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = [name === "search" ? state.q : t(`view.${name}`), "Pairdex"]
    .filter(Boolean)
    .join(" – ");
  VIEWS[name].update?.(state);
  showItem(state);
}

function redraw() {
  built.clear();
  show(read());
}

/** The strings and buttons of the frame. */
function frame() {
  translate(document.body);
  const now = document.documentElement.dataset.theme || "auto";
  const theme = byId("theme"),
    help = byId("help"),
    other = byId("language");
  theme.replaceChildren(icon({ auto: "auto", light: "sun", dark: "moon" }[now]));
  theme.setAttribute("aria-label", t("theme", { now: t(`theme.${now}`) }));
  theme.title = theme.getAttribute("aria-label");
  help.replaceChildren(icon("help"));
  help.setAttribute("aria-label", t("keys.title"));
  help.title = t("keys.title");
  other.textContent = language === "ko" ? "English" : "한국어";
  other.lang = language === "ko" ? "en" : "ko";
}

byId("language").addEventListener("click", () => {
  setLanguage(language === "ko" ? "en" : "ko");
  frame();
  redraw();
});

byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const next = THEMES[(THEMES.indexOf(root.dataset.theme || "auto") + 1) % THEMES.length];
  if (next === "auto") delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    localStorage.setItem("theme", next === "auto" ? "" : next);
  } catch {
    /* it holds for this page then */
  }
  frame();
});

byId("help").addEventListener("click", showKeys);

listen((event, state) => {
  // A card of the search before is not judged as an answer to the one that is on its way.
  const focused = event.target.closest?.(".results:not([aria-busy]) .card")?.dataset.id;
  if (state.view === "review" && !state.item) return review.key(event);
  if (event.key === "/") {
    if (state.view !== "search")
      document.querySelector("a[data-view='search']:not(.brand)").click();
    byId("query").select();
    byId("query").focus();
  } else if (event.key === "f" && state.view === "search") search.toggleFilters();
  else if (event.key === "m" && byId("more")) byId("more").click();
  else if ("gb".includes(event.key) && (state.item || focused)) {
    const pressed = document.querySelector(
      `dialog.item [data-verdict="${event.key === "g" ? "good" : "bad"}"]`,
    );
    if (pressed) pressed.click();
    else if (focused) judge(focused, event.key === "g" ? "good" : "bad");
  } else return false;
  return true;
});

receive((files) => (read().view === "tag" ? tag.take(files) : addPictures(files)));

events.addEventListener("busy", ({ detail }) =>
  byId("notice").replaceChildren(message(t("busy.waiting", { seconds: detail.seconds }))),
);
events.addEventListener("free", () => byId("notice").replaceChildren());

let generation = null; // that was told last; at first none is news
function published(said) {
  if (!said?.generation || said.generation === generation) return;
  generation = said.generation;
  toast(t("published", { generation }), { action: t("published.show"), onclick: search.refresh });
}
live.on("published", published);
live.on("state", ({ published: last }) => {
  if (generation === null) generation = last?.generation ?? "";
  else published(last); // while nobody looked
});

onChange(show);
frame();
show(read());
performance.mark("shown");
session.watch(() => {
  search.forgetAll();
  redraw();
});
// After the first results: nothing of it is needed to see them.
setTimeout(live.start, 300);
