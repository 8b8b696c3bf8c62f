// The search box: words with completion, pictures and items beside them, help with the language.

import { item } from "./api.js";
import { combobox } from "./complete.js";
import { button, el, icon } from "./dom.js";
import { showLanguage } from "./language.js";
import { offered, put } from "./offered.js";
import { MOST, keep, preview, recall } from "./pictures.js";
import { go, read } from "./route.js";
import { toast } from "./say.js";
import { t } from "./words.js";

export function searchBox() {
  const input = el("input", {
    id: "query",
    type: "text",
    enterkeyhint: "search",
    maxlength: 10000,
    spellcheck: "false",
    autocapitalize: "off",
    placeholder: t("search.placeholder"),
    "aria-label": t("search.label"),
  });
  const file = el("input", {
    type: "file",
    accept: "image/*",
    multiple: true,
    hidden: true,
    onchange: () => {
      addPictures([...file.files]);
      file.value = "";
    },
  });
  const clear = button(t("search.clear"), {
    name: "close",
    text: false,
    kind: "plain",
    hidden: true,
    onclick: () => {
      input.value = "";
      typed();
      input.focus();
    },
  });
  const given = el("ul", { class: "given row", "aria-label": t("search.given") });
  const { list, close } = combobox(input, {
    source: offered,
    pick,
    label: t("search.completions"),
  });

  const form = el(
    "form",
    { class: "box", role: "search", onsubmit: submit },
    el(
      "div",
      { class: "line" },
      icon("search"),
      input,
      clear,
      list,
      el(
        "div",
        { class: "extras" },
        button(t("search.picture"), {
          name: "picture",
          text: false,
          kind: "plain",
          onclick: () => file.click(),
        }),
        button(t("language.open"), {
          name: "help",
          text: false,
          kind: "plain",
          onclick: () => showLanguage(insert),
        }),
      ),
      el("button", { type: "submit", class: "primary go" }, t("search.go")),
    ),
    file,
    given,
  );

  input.addEventListener("input", typed);

  function typed() {
    clear.hidden = !input.value;
  }

  function submit(event) {
    event.preventDefault();
    close();
    go({ q: input.value.trim(), asis: false, item: "", good: [], bad: [] });
  }

  function insert(text) {
    input.value = text;
    typed();
    input.focus();
  }

  function pick(choice) {
    put(input, choice, " ");
    typed();
  }

  /** Shows what the address says. */
  function show(state) {
    if (input.value.trim() !== state.q) input.value = state.q;
    typed();
    const files = recall(state.image);
    given.replaceChildren(
      ...files.map((one, n) =>
        chip(preview(one), one.name || t("search.pasted"), () =>
          go({ image: files.length > 1 ? keep(files.filter((_, m) => m !== n)) : "" }),
        ),
      ),
      ...state.like.map((id) =>
        chip(item(id, "/thumbnail?size=128"), t("search.like", { id }), () =>
          go({ like: state.like.filter((one) => one !== id) }),
        ),
      ),
    );
    given.hidden = !given.children.length;
  }

  return { form, input, show };
}

/** Adds pictures to the search that is shown. */
export function addPictures(files) {
  const all = [...recall(read().image), ...files];
  if (all.length > MOST) toast(t("picture.most", { count: MOST }));
  go({ view: "search", image: keep(all.slice(0, MOST)), item: "", good: [], bad: [] });
}

const chip = (picture, text, remove) =>
  el(
    "li",
    { class: "chip" },
    el("img", { src: picture, alt: "", width: 40, height: 40 }),
    el("span", { class: "clip" }, text),
    button(t("remove", { name: text }), {
      name: "close",
      text: false,
      kind: "plain",
      onclick: remove,
    }),
  );
