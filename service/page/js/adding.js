// A picture that was tagged becomes an item of the catalog, and one sees it become searchable.

import { ask } from "./api.js";
import { button, el, field } from "./dom.js";
import { problem, say } from "./say.js";
import { address, read } from "./route.js";
import { t } from "./words.js";

const STEP = 400; // milliseconds between two looks at a ticket
const ENDED = new Set(["published", "failed"]);

export function addForm(file, answer, close) {
  const stem = (file.name || "picture").replace(/\.[^.]*$/, "");
  const id = el("input", {
    name: "id",
    required: true,
    value: stem,
    autocomplete: "off",
    spellcheck: "false",
  });
  const name = el("input", { name: "name", value: "", autocomplete: "off" });
  const caption = el("textarea", { name: "caption", rows: 2, value: "" });
  const tags = el("input", {
    name: "tags",
    value: answer.tags.map((one) => one.key || one.tag).join(", "),
    autocomplete: "off",
  });
  const told = el("div", { class: "stack tight", role: "status" });
  const submit = el("button", { type: "submit", class: "primary" }, t("add.go"));
  const form = el(
    "form",
    { class: "stack adding", "aria-label": t("tag.add") },
    el("div", { class: "two" }, field(t("add.id"), id), field(t("add.name"), name)),
    field(t("add.caption"), caption),
    field(t("add.tags"), tags, t("add.tags.hint")),
    el("div", { class: "row" }, submit, button(t("cancel"), { kind: "plain", onclick: close })),
    told,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const listed = tags.value
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean);
    const said = {
      id: id.value.trim(),
      name: name.value.trim(),
      captions: caption.value.trim() ? [{ text: caption.value.trim() }] : [],
      tags: listed,
    };
    const body = new FormData();
    body.append("item", JSON.stringify(said));
    body.append("image", file, file.name || "pasted");
    try {
      const ticket = await ask("/v1/items", { body });
      await follow(ticket, told);
    } catch (error) {
      told.replaceChildren(problem(error));
    }
    submit.disabled = false;
  });
  return form;
}

async function follow(ticket, told) {
  let now = ticket;
  while (true) {
    told.replaceChildren(el("p", {}, t(`ticket.${now.state}`)));
    if (ENDED.has(now.state)) break;
    await new Promise((done) => setTimeout(done, STEP));
    now = await ask(`/v1/tickets/${encodeURIComponent(ticket.ticket)}`);
  }
  say(t(`ticket.${now.state}`));
  if (now.state === "failed") told.replaceChildren(problem(now.problem || {}));
  else
    told.append(
      el(
        "a",
        { class: "button small", href: address({ ...read(), item: ticket.id }) },
        t("add.see"),
      ),
    );
}
