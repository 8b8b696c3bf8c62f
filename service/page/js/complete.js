// A field that offers completions: the combobox of ARIA, with a list under it.

import { el, unique } from "./dom.js";

/**
 * `source(text, caret, signal)` gives [{ text, label, note, picture }]; `pick(choice)` uses one.
 * Down and Up walk, Enter or Tab takes what is walked to, Escape closes.
 */
export function combobox(input, { source, pick, label }) {
  const list = el("ul", {
    class: "completions",
    role: "listbox",
    id: unique("completions"),
    "aria-label": label,
    hidden: true,
  });
  let choices = [],
    at = -1,
    asking = null,
    timer = 0;

  for (const [name, value] of Object.entries({
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  }))
    input.setAttribute(name, value);

  function close() {
    asking?.abort();
    clearTimeout(timer);
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function walk(step) {
    at = at + step < -1 ? choices.length - 1 : at + step >= choices.length ? -1 : at + step;
    [...list.children].forEach((option, n) =>
      option.setAttribute("aria-selected", String(n === at)),
    );
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
  }

  function take(choice) {
    close();
    pick(choice);
    input.focus();
  }

  function show(found) {
    choices = found;
    at = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...found.map((choice) =>
        el(
          "li",
          {
            role: "option",
            id: unique("option"),
            "aria-selected": "false",
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => take(choice),
          },
          el("span", { class: "grow" }, choice.label || choice.text),
          choice.note && el("span", { class: "tiny soft figure" }, choice.note),
        ),
      ),
    );
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  async function look() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const found = await source(input.value, input.selectionStart ?? input.value.length, signal);
      if (!signal.aborted && document.activeElement === input) show(found);
    } catch {
      close(); // a help that fails helps by staying away: the search itself will tell
    }
  }

  input.addEventListener("input", (event) => {
    if (event.isComposing) return; // Hangul in the making
    clearTimeout(timer);
    timer = setTimeout(look, 90);
  });
  input.addEventListener("compositionend", look);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown" && !open) look();
    else if (event.key === "ArrowDown") walk(1);
    else if (event.key === "ArrowUp" && open) walk(-1);
    else if (open && at >= 0 && (event.key === "Enter" || event.key === "Tab")) take(choices[at]);
    else if (event.key === "Escape" && open) {
      close();
      event.stopPropagation();
    } else {
      if (event.key === "Enter") close();
      return;
    }
    event.preventDefault();
  });
  return { list, close };
}
