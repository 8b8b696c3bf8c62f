// The view of tagging: pictures in, tags, captions and neighbours out; from there into the catalog.

import { ask } from "./api.js";
import { addForm } from "./adding.js";
import { thumbnail } from "./cards.js";
import { button, el, field, icon } from "./dom.js";
import { keep, preview } from "./pictures.js";
import { recognise, recognises } from "./record.js";
import { address, read, search } from "./route.js";
import { copy, problem, say } from "./say.js";
import { scoreBar } from "./score.js";
import { language, t } from "./words.js";

const MOST = 32;
const done = []; // { file, answer } or { file, error }, newest first
let list, precision;
let products = false; // whether this home tells them

export function build(root) {
  const file = el("input", {
    type: "file",
    accept: "image/*",
    multiple: true,
    hidden: true,
    id: "tag-file",
    onchange: () => {
      take([...file.files]);
      file.value = "";
    },
  });
  precision ||= "";
  const exact = el(
    "select",
    {
      onchange: () => {
        precision = exact.value;
      },
    },
    [
      ["", "tag.precision.model"],
      ["0.7", "tag.precision.more"],
      ["0.9", "tag.precision.sure"],
    ].map(([value, name]) => el("option", { value }, t(name))),
  );
  exact.value = precision;
  list = el("div", { class: "stack", id: "tagged" });
  const zone = el(
    "div",
    { class: "zone" },
    icon("picture"),
    el("p", {}, t("tag.drop")),
    el(
      "div",
      { class: "row" },
      button(t("tag.choose"), { kind: "primary", onclick: () => file.click() }),
    ),
    file,
  );
  root.replaceChildren(
    el(
      "div",
      { class: "stack narrow" },
      el(
        "div",
        { class: "stack tight" },
        el("h1", {}, t("view.tag")),
        el("p", { class: "soft" }, t("tag.intro")),
      ),
      zone,
      el("div", { class: "choice" }, field(t("tag.precision"), exact)),
      list,
    ),
  );
  list.replaceChildren(...done.map(entry));
}

export async function take(files) {
  const batch = files.slice(0, MOST);
  const ghost = el(
    "p",
    { class: "message", role: "status" },
    t("tag.working", { count: batch.length }),
  );
  list.prepend(ghost);
  try {
    const answer = await tagged(batch);
    products = Boolean(await recognises());
    const found = batch.map((one, n) => ({ file: one, answer: answer.images[n] }));
    done.unshift(...found);
    ghost.replaceWith(...found.map(entry));
    say(
      t("tag.done", {
        count: found.length,
        tags: found.flatMap((one) => one.answer.tags.map((given) => given.tag)).join(", "),
      }),
    );
  } catch (error) {
    ghost.replaceWith(problem(error, { retry: () => take(files) }));
  }
}

const unnamed = new Set(); // languages in which this catalog's tags have no names

async function tagged(files) {
  const options = { ...(precision && { precision: Number(precision) }) };
  if (!unnamed.has(language)) options.language = language;
  const form = new FormData();
  for (const one of files) form.append("image", one, one.name || "pasted");
  form.append("options", JSON.stringify(options));
  try {
    return await ask("/v1/tag", { body: form });
  } catch (error) {
    if (error.kind !== "settings" || !options.language) throw error;
    unnamed.add(language);
    return tagged(files);
  }
}

function entry({ file, answer }) {
  const picture = el(
    "figure",
    { class: "given-picture" },
    el("img", { src: preview(file), alt: file.name || t("search.pasted") }),
  );
  if (answer.error)
    return el(
      "article",
      { class: "sheet-card tagged" },
      picture,
      el(
        "div",
        { class: "stack" },
        el("h2", { class: "clip" }, file.name),
        problem({ what: answer.error }),
      ),
    );
  const tags = answer.tags.map((one) => one.tag);
  const below = el("div", { class: "stack" });
  return el(
    "article",
    { class: "sheet-card tagged", "aria-label": file.name },
    picture,
    el(
      "div",
      { class: "stack" },
      el("h2", { class: "clip" }, file.name || t("search.pasted")),
      tags.length
        ? el(
            "ul",
            { class: "stack tight", "aria-label": t("item.tags") },
            answer.tags.map((one) =>
              el(
                "li",
                { class: "rated" },
                el("span", { class: "clip" }, one.tag),
                scoreBar(one.score, { words: false }),
              ),
            ),
          )
        : el("p", { class: "soft" }, t("tag.none")),
      tags.length > 0 &&
        el(
          "div",
          { class: "row" },
          button(t("tag.copy"), {
            name: "copy",
            kind: "small",
            onclick: () => copy(tags.join(", "), t("tag.copied")),
          }),
          button(t("tag.copy.hash"), {
            name: "copy",
            kind: "small",
            onclick: () => copy(answer.hashtags || tags.map(hashtag).join(" "), t("tag.copied")),
          }),
        ),
      answer.captions.length > 0 &&
        el(
          "section",
          { class: "stack tight" },
          el("h3", {}, t("tag.captions")),
          el(
            "ul",
            { class: "stack tight smaller" },
            distinct(answer.captions)
              .slice(0, 3)
              .map((one) =>
                el(
                  "li",
                  { class: "rated wide" },
                  el(
                    "a",
                    { class: "quiet", href: address({ ...read(), item: one.id }) },
                    one.caption,
                  ),
                  scoreBar(one.score, { words: false }),
                ),
              ),
          ),
        ),
      answer.nearest.length > 0 &&
        el(
          "section",
          { class: "stack tight" },
          el("h3", {}, t("tag.nearest")),
          el(
            "ul",
            { class: "strip" },
            answer.nearest
              .slice(0, 8)
              .map((one) =>
                el(
                  "li",
                  {},
                  el(
                    "a",
                    { href: address({ ...read(), item: one.id }), "aria-label": one.id },
                    thumbnail(one.id, "", { sizes: "7rem" }),
                  ),
                ),
              ),
          ),
        ),
      el(
        "div",
        { class: "row" },
        button(t("tag.search"), {
          name: "search",
          kind: "small",
          onclick: () => search({ image: keep([file]) }),
        }),
        button(t("tag.add"), {
          name: "plus",
          kind: "small",
          onclick: () =>
            below.replaceChildren(addForm(file, answer, () => below.replaceChildren())),
        }),
        products && recognise(file, below),
      ),
      below,
    ),
  );
}

/** Items may share a caption; once is enough. */
const distinct = (captions) =>
  captions.filter((one, n) => captions.findIndex((other) => other.caption === one.caption) === n);

export const hashtag = (tag) =>
  `#${tag
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join("")}`;
