// Why a hit stands where it stands: what found it, and what each kind of evidence says.

import { el } from "./dom.js";
import { scoreBar } from "./score.js";
import { t } from "./words.js";

export function why(hit, threshold) {
  const said = hit.explanation;
  if (!said) return null;
  const channels = Object.entries(hit.channels).map(([name, rank]) =>
    t(`channel.${name}`, { rank }),
  );
  const rows = [
    [t("why.head"), scoreBar(said.head, { words: false })],
    [t("why.text"), scoreBar(said.text, { words: false })],
    [t("why.similarity"), number(said.similarity)],
    said.caption_similarity > -1 && [t("why.caption"), number(said.caption_similarity)],
    said.coverage > 0 && [t("why.coverage"), `${Math.round(said.coverage * 100)} %`],
    said.words.length > 0 && [t("why.words"), said.words.join(", ")],
    channels.length > 0 && [t("why.channels"), channels.join(" · ")],
    [t("why.rank"), t("why.rank.said", { before: said.shortlist_rank, after: hit.rank })],
  ];
  return el(
    "div",
    { class: "stack tight why" },
    scoreBar(hit.score, { threshold }),
    el(
      "dl",
      { class: "pairs smaller" },
      rows
        .filter(Boolean)
        .map(([name, value]) => [el("dt", {}, name), el("dd", { class: "figure" }, value)]),
    ),
  );
}

const number = (cosine) => cosine.toFixed(2);
