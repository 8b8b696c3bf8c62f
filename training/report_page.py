"""A training as one HTML page that needs nothing beside it, light or dark as its reader likes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from evaluation.page_parts import STYLE, table, text
from settings import load_settings
from training.curves import STAGES, as_page_parts, by_stage, kept
from training.report import LearntTag, Training

_TILES = (
    ("text → image, R@10", "val.R@10"),
    ("text → image, R@1", "val.R@1"),
    ("text → image, MRR", "val.MRR"),
    ("tags, macro mAP", "val.tags.macro_mAP"),
    ("match, ROC-AUC", "val.match.auc"),
)
_EXTRA = """
.three{display:grid;grid-template-columns:repeat(auto-fit,minmax(290px,1fr));gap:14px 26px}
.three table{width:100%;align-self:start}.three+.three{margin-top:16px}
.three th{height:1.5em}.scroll{overflow-x:auto}
.scroll th,.scroll td{white-space:nowrap}
.three h4{font-size:12.5px;font-weight:400;color:#52606d;margin:0}td{overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){
:root{color-scheme:dark;--plot-ink:#d3dae2;--plot-edge:#4a5664;--plot-grid:#28313b;
--plot-guide:#7b8794;--plot-0:#6fb1e0;--plot-1:#e8ad5c;--plot-2:#a3c878;--plot-3:#c39ad6}
body{background:#12171d;color:#dfe5eb}h2{border-color:#2b343e}.tile{border-color:#2b343e}
.note,small,summary,.three h4{color:#9aa5b1}th{border-color:#46525f}td{border-color:#242d36}}
"""


def page(training: Training) -> str:
    title = "Training"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{text(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}{_EXTRA}</style></head><body>\n"
        f"{''.join(_body(training, title))}\n</body></html>\n"
    )


def _body(of: Training, title: str) -> Iterator[str]:
    yield f"<h1>{text(title)}</h1>{_note(of)}{_tiles(of)}"
    yield from _curves(of)
    yield f"<h2>Catalog</h2><div class=three>{_counts(of)}</div>"
    yield from _tags(of)
    yield from _settings(of)
    yield from _epochs(of)


def _note(of: Training) -> str:
    model = f"model {of.fingerprint[:12]}" if of.fingerprint else "not finished"
    origin = of.metrics.get("origin")
    began = f", which began with {text(str(origin))}" if origin else ""
    return (
        f"<p class=note>{text(model)}, {text(of.encoder['backbone'])}{began}; seed "
        f"{of.recipe['seed']}, {len(of.epochs)} epochs; {_moment(of.started)}, "
        f"{_duration(of.seconds)} on {text(of.backend)}.</p>"
    )


def _tiles(of: Training) -> str:
    cells = [
        f'<div class="tile"><b>{of.metrics[key]:.3f}</b>{text(name)}<small>held-out items</small>'
        "</div>"
        for name, key in _TILES
        if key in of.metrics
    ]
    if "train" in of.metrics:
        cells.append(
            f'<div class="tile"><b>{of.metrics["train"]:,}</b>items learnt from<small>'
            f"{of.metrics['val']:,} held out</small></div>"
        )
    return f'<div class="tiles">{"".join(cells)}</div>'


def _curves(of: Training) -> Iterator[str]:
    for stage, epochs in by_stage(of.epochs).items():
        best = kept(epochs)
        yield (
            f"<h2>{text(STAGES.get(stage, stage))}</h2><p class=note>Epoch {best.number} of "
            f"{len(epochs)} was kept: mAP and MRR of the held-out items, smoothed, were best. "
            "The dashed line marks it.</p><div class=three>"
        )
        for title, svg in as_page_parts(epochs):
            yield f"<div><h4>{text(title)}</h4>{svg}</div>"
        yield "</div>"


def _counts(of: Training) -> str:
    """Totals in bold, their parts below them."""
    rows = [
        (text(key.replace(".", ", ")) if "." in key else f"<b>{text(key)}</b>", f"{value:,}")
        for key, value in of.counts.items()
    ]
    if of.tags:
        rows += [("tags, learnt", f"{len(of.tags):,}"), ("<b>word pieces</b>", f"{of.pieces:,}")]
    return "".join(table(("", "count"), part) for part in _thirds(rows))


def _tags(of: Training) -> Iterator[str]:
    if not of.tags:
        return
    yield (
        "<h2>Tags</h2><p class=note>Items that bear each, and the probability from which it is "
        "given, tuned on the held-out items. <code>pairdex evaluate --report</code> says how "
        "well.</p><div class=three>"
    )
    for part in _thirds(of.tags):
        yield table(("tag", "train", "val", "threshold"), map(_tag, part))
    yield "</div>"


def _tag(row: LearntTag) -> tuple[str, ...]:
    return text(row.tag), f"{row.train:,}", f"{row.val:,}", f"{row.threshold:.2f}"


def _settings(of: Training) -> Iterator[str]:
    yield "<h2>Settings</h2><p class=note>Bold where they differ from the defaults.</p>"
    defaults = load_settings(environment={})
    for name, given in (("encoder", of.encoder), ("training", of.recipe)):
        usual: Mapping[str, Any] = msgspec.to_builtins(getattr(defaults, name))
        rows = [_setting(key, value, usual.get(key)) for key, value in given.items()]
        heads = (f"[{name}]", "", "")
        parts = "".join(
            table((head, ""), part) for head, part in zip(heads, _thirds(rows), strict=False)
        )
        yield f"<div class=three>{parts}</div>"


def _setting(key: str, value: object, usual: object) -> tuple[str, str]:
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    if value == usual:
        return text(key), text(shown)
    return f"<b>{text(key)}</b>", f"<b>{text(shown)}</b>"


def _epochs(of: Training) -> Iterator[str]:
    yield "<h2>Every epoch</h2>"
    for stage, epochs in by_stage(of.epochs).items():
        names = list(epochs[-1].figures)
        best = kept(epochs).number
        rows = [
            (
                f"<b>{epoch.number}, kept</b>" if epoch.number == best else str(epoch.number),
                *(f"{epoch.figures.get(name, float('nan')):.3f}" for name in names),
            )
            for epoch in epochs
        ]
        yield (
            f"<details><summary>{text(STAGES.get(stage, stage))}</summary><div class=scroll>"
            f"{table(('epoch', *names), rows)}</div></details>"
        )


def _thirds(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """Long lists stand in three columns, read downwards."""
    height = max(1, -(-len(rows) // 3))
    return [rows[start : start + height] for start in range(0, len(rows), height)]


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%d %b %Y, %H:%M} UTC"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
