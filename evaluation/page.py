"""The report as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evaluation.page_parts import STYLE, cell, matrix, span, table, text
from evaluation.plots import ranks, reliability
from evaluation.report import Report

_TILES = (
    ("text → image, R@10", "t2i.rerank.R@10", "t2i.random.R@10"),
    ("image → text, R@10", "i2t.rerank.R@10", "i2t.random.R@10"),
    ("attribute queries, nDCG@10", "attributes.hybrid.nDCG@10", "attributes.random.nDCG@10"),
    ("tags, macro mAP", "tags.macro_mAP", "tags.chance.macro_mAP"),
    ("match, ROC-AUC", "match.random.auc", ""),
    ("calibration error", "calibration.ece", "calibration.before.ece"),
    ("nonsense refused", "no_match.refused", ""),
)
_SYSTEMS = (
    "shortlist", "rerank", "image", "caption", "words", "fused", "ignored", "hybrid", "random",
)  # fmt: skip
_RETRIEVAL = ("R@1", "R@5", "R@10", "MRR", "nDCG@10", "median_rank")
_VERDICT = ("accuracy", "precision", "recall", "f1", "auc", "score_auc")


def page(report: Report) -> str:
    title = f"Evaluation of the split “{report.split}”"
    body = [
        f"<h1>{text(title)}</h1>",
        _note(report),
        _tiles(report),
        f"<ul>{''.join(f'<li>{text(note)}</li>' for note in report.notes)}</ul>",
        *_retrieval(report),
        *_attributes(report),
        *_matching(report),
        *_calibration(report),
        *_tags(report),
        "<h2>Every figure</h2><details><summary>as --json names them</summary>",
        table(("figure", "value"), [(text(k), cell(f)) for k, f in sorted(report.figures.items())]),
        "</details>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{text(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>\n{''.join(body)}\n</body></html>\n"
    )


def _note(report: Report) -> str:
    return (
        f'<p class="note">{report.n} items, generation {text(report.generation)}, model '
        f"{text(report.fingerprint[:12])}, seed {report.seed}. Small figures: 95 % bootstrap "
        "intervals. Names and meanings: docs/evaluation.md.</p>"
    )


def _tiles(report: Report) -> str:
    cells = []
    for name, key, baseline in _TILES:
        found, beside = report.figures.get(key), report.figures.get(baseline)
        if found is None:
            continue
        how = "before" if "before" in baseline else "chance"
        against = f"{how} {beside.value:.3f}" if beside else ""
        cells.append(
            f'<div class="tile"><b>{found.value:.3f}</b>{text(name)}<small>'
            f"{span(found)}</small><small>{against}</small></div>"
        )
    return f'<div class="tiles">{"".join(cells)}</div>'


_FREE = "free text: a caption that the whole catalog lacks, and nothing else"


def _retrieval(report: Report) -> Iterable[str]:
    yield "<h2>Retrieval of unseen items</h2>"
    languages = [key for key in report.counts if key.startswith("t2i.") and len(key) == 6]
    titles = [
        ("t2i", "text → image, among the split"),
        *((key, f"the same in {key[4:]}") for key in languages),
        ("t2i.all", "text → image, among the whole catalog"),
        ("i2t", "image → text, among the split"),
        ("i2t.all", "image → text, among the whole catalog"),
    ]
    for prefix, title in titles:
        yield f"<h3>{text(title)}</h3>" + _systems(report, prefix, _RETRIEVAL)
    yield f"<h3>{text(_FREE)}</h3>" + _systems(report, "free", _RETRIEVAL)
    yield '<div class="grid">'
    for direction, size in (("t2i", report.n), ("i2t", report.counts.get("i2t", 0))):
        of = [(s, report.ranks.get(f"{direction}.{s}", [])) for s in ("shortlist", "rerank")]
        yield f"<div><h3>ranks, {direction}</h3>{ranks(of, max(size, 2))}</div>"
    yield "</div>"


def _attributes(report: Report) -> Iterable[str]:
    yield "<h2>Attribute queries</h2>"
    for prefix, title in (
        ("attributes", "the whole catalog, as it is searched"),
        ("attributes.unseen", "unseen images alone"),
        ("without", "one wanted, another not, the whole catalog"),
        ("without.unseen", "one wanted, another not, unseen images alone"),
        ("like", "images as queries"),
    ):
        if prefix in report.counts:
            title = f"{title}: {report.counts[prefix]} queries"
            yield f"<h3>{text(title)}</h3>" + _systems(report, prefix, ("nDCG@10", "P@5"))
    rows = [
        (text(name), cell(report.figures[key]))
        for name, key in (
            ("nonsense refused", "no_match.refused"),
            ("real queries refused by mistake", "no_match.false_refusals"),
        )
    ]
    yield "<h3>“nothing matches”</h3>" + table(("queries", "share"), rows)


def _matching(report: Report) -> Iterable[str]:
    if not report.confusions:
        return
    yield "<h2>Match head</h2>"
    rows = [
        (f"{name} pairs", *(cell(report.figures[f"match.{name}.{what}"]) for what in _VERDICT))
        for name in (confusion.name for confusion in report.confusions)
    ]
    yield table(("", *_VERDICT), rows)
    cells = (f"<div>{matrix(confusion)}</div>" for confusion in report.confusions)
    yield f'<div class="grid">{"".join(cells)}</div>'


def _calibration(report: Report) -> Iterable[str]:
    yield "<h2>Calibration</h2>"
    names = ("before calibration", "after calibration", "first result", "results of attributes")
    keys = ("calibration.before", "calibration", "calibration.first", "calibration.results")
    rows = [
        (name, cell(report.figures[f"{key}.ece"]), cell(report.figures[f"{key}.brier"]))
        for name, key in zip(names, keys, strict=True)
        if f"{key}.ece" in report.figures
    ]
    yield table(("scores", "ECE", "Brier"), rows)
    pages = [reliability(report.curves[:1]), reliability(report.curves[1:2])]
    pages.append(reliability(report.curves[2:]))
    yield f'<div class="grid">{"".join(f"<div>{svg}</div>" for svg in pages)}</div>'


def _tags(report: Report) -> Iterable[str]:
    if not report.tags:
        return
    yield "<h2>Tags</h2>"
    rows = [
        (
            name,
            *(cell(report.figures.get(f"tags{key}.{what}")) for what in ("macro_mAP", "micro_mAP")),
            cell(report.figures.get(f"label{label}.accuracy")),
        )
        for name, key, label in (
            ("image", "", ".image"),
            ("caption", ".text", ".text"),
            ("image and caption", ".both", ".both"),
            ("chance", ".chance", ".chance"),
        )
    ]
    head = ("seen", "macro mAP", "micro mAP", f"{report.label} accuracy" if report.label else "")
    yield table(head, rows)
    columns = ("tag", "items", "chance", "AP", "threshold", "precision", "recall", "F1")
    yield "<h3>By tag, from the image alone</h3>" + table(
        columns,
        [
            (
                text(row.tag), str(row.items), *(f"{value:.3f}" for value in (
                    row.prevalence, row.average_precision, row.threshold,
                    row.precision, row.recall, row.f1,
                )),
            )
            for row in report.tags
        ],
    )  # fmt: skip


def _systems(report: Report, prefix: str, metrics: Sequence[str]) -> str:
    rows = [
        (system, *(cell(report.figures.get(f"{prefix}.{system}.{m}")) for m in metrics))
        for system in _SYSTEMS
        if f"{prefix}.{system}.{metrics[0]}" in report.figures
    ]
    return table(("", *(metric.replace("_", " ") for metric in metrics)), rows)
