// Signing in with an API key, where the service asks for one.

import { ask, events } from "./api.js";
import { closable, open } from "./dialog.js";
import { byId, el, field } from "./dom.js";
import { problem } from "./say.js";
import { t } from "./words.js";

let shown = false;

/** `again` is called once a key was taken. */
export function watch(again) {
  events.addEventListener("key", () => signIn(again));
  byId("session").addEventListener("click", () => signOut(again));
  ask("/v1/session")
    .then((said) => {
      if (said.needs_key && !said.scopes.length) signIn(again);
      else byId("session").hidden = !said.needs_key;
    })
    .catch(() => {}); // what is asked next will say the same, where it is seen
}

async function signOut(again) {
  await ask("/v1/session", { method: "DELETE" });
  byId("session").hidden = true;
  again();
  signIn(again);
}

function signIn(again) {
  if (shown) return;
  shown = true;
  const { dialog, body } = closable(t("session.title"), {
    kind: "sheet",
    onclose: () => {
      shown = false;
    },
  });
  const key = el("input", {
    type: "password",
    name: "key",
    required: true,
    autocomplete: "current-password",
  });
  const told = el("div", { role: "status" });
  body.append(
    el(
      "form",
      { class: "stack", onsubmit: submit },
      el("p", { class: "soft" }, t("session.intro")),
      field(t("session.key"), key, t("session.hint")),
      told,
      el("div", {}, el("button", { type: "submit", class: "primary" }, t("session.go"))),
    ),
  );
  open(dialog);
  key.focus();

  async function submit(event) {
    event.preventDefault();
    try {
      await ask("/v1/session", { body: { key: key.value.trim() } });
      dialog.close();
      byId("session").hidden = false;
      again();
    } catch (error) {
      told.replaceChildren(problem(error));
      key.select();
    }
  }
}
