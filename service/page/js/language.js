// Help where it is needed: the query language, with examples that can be tried.

import { closable, open } from "./dialog.js";
import { el } from "./dom.js";
import { t } from "./words.js";

const EXAMPLES = ["words", "phrase", "less", "never", "weight", "lessWeight"];

export function showLanguage(use) {
  const { dialog, body } = closable(t("language.title"), { kind: "sheet" });
  body.append(
    el("p", { class: "soft" }, t("language.intro")),
    el(
      "ul",
      { class: "examples" },
      EXAMPLES.map((name) => {
        const text = t(`language.${name}`);
        return el(
          "li",
          {},
          el(
            "button",
            {
              type: "button",
              class: "plain",
              onclick: () => {
                dialog.close();
                use(text);
              },
            },
            el("code", {}, text),
          ),
          el("p", { class: "smaller soft" }, t(`language.${name}.means`)),
        );
      }),
    ),
    el("p", { class: "smaller soft" }, t("language.more")),
  );
  open(dialog);
}
