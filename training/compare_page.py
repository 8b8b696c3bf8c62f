"""The comparison as one HTML page: table, accuracy with its intervals, curves, confusions."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.page_parts import STYLE, number, table, text
from training.compare_plots import bars, learning_curve, matrix
from training.compare_report import Comparison, Scores, Trained

_MISTAKES = 8
_EXTRA = """
.warn{background:#fdf3e1;border-left:4px solid #d08a2e;padding:8px 12px;border-radius:4px;margin:
6px 0}.whiskers{display:grid;grid-template-columns:max-content 1fr max-content;gap:5px 12px;
align-items:center;font-size:13px;margin:14px 0}.whiskers .line{position:relative;height:16px;
background:#f3f5f7}.line i{position:absolute;top:0;height:16px;background:#2f6f9f}
.line .scratch{background:#d08a2e}.line u{position:absolute;top:7px;height:2px;background:#1f2933}
.line s{position:absolute;top:-3px;height:22px;border-left:2px dashed #7b8794}
.heat{display:flex;overflow-x:auto;font-size:10px;line-height:12px;color:#52606d}
.heat div{white-space:nowrap;text-align:right;padding-right:6px}
.heat img{image-rendering:pixelated;flex:none}.scroll{overflow-x:auto}
.counts th{border:0;font-weight:400;padding:3px 8px;color:#52606d;text-align:right}
.counts td{width:44px;text-align:center;padding:6px;border:2px solid #fff}
.figures th,.figures td{white-space:nowrap}.figures :is(th,td):is(:nth-child(2),:nth-child(3)),
.mistakes :is(th,td):nth-child(2){text-align:left}.figures small{max-width:170px}
.figures th:nth-child(2){min-width:110px}.figures td:nth-child(2) small{white-space:normal;
overflow-wrap:anywhere}dt{font-weight:600;margin-top:6px}dd{margin:0;color:#52606d}
"""


def page(of: Comparison) -> str:
    title = f"Backbones compared: {of.label}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{text(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}{_EXTRA}</style></head><body>\n"
        f"{''.join(_body(of, title))}\n</body></html>\n"
    )


def _body(of: Comparison, title: str) -> Iterator[str]:
    yield f"<h1>{text(title)}</h1>"
    yield (
        f"<p class=note>{len(of.classes)} classes, {of.counts['train']:,} train items; judged on "
        f"the {of.counts[of.split]:,} items of <b>{of.split}</b>. "
        f"{text(of.machine['backend'])}, {of.machine['cores']} cores.</p>"
    )
    for reason, count in of.left_out.items():
        yield f"<p class=note>Left out: {count:,} items, {text(reason)}.</p>"
    for note in of.notes:
        yield f"<p class=warn>{text(note)}</p>"
    yield f'<div class="scroll figures">{_table(of)}</div>'
    yield "<h3>Accuracy</h3>" + bars(of)
    yield (
        "<p class=note>The dark line is the 95 % interval, the dashed one the most frequent class; "
        "orange bars began with random weights.</p>"
    )
    for row in of.backbones:
        yield from _backbone(of, row)
    yield "<h2>Recipe</h2><dl>"
    for name, value in of.recipe.items():
        yield f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"
    yield "</dl>"


def _table(of: Comparison) -> str:
    columns = (
        *("backbone", "weights", "trained", "accuracy", "precision", "recall", "F1", "ROC-AUC"),
        *("parameters", "images/s", "training"),
    )
    rows = [
        (
            f"<b>{text(row.plan.backbone)}</b>",
            _weights(row),
            f"{text(row.trained)}<small>{text(_settings(row))}</small>",
            *_figures(row.figures),
            f"{row.parameters / 1e6:.2f} M",
            f"{row.images_per_second:,.0f}",
            duration(row.train_seconds),
        )
        for row in of.backbones
    ]
    guesses = [(text(b.name), "", "", *_figures(b.figures), "", "", "") for b in of.baselines]
    return table(columns, rows + guesses)


def _weights(row: Trained) -> str:
    """The start in one word, and in small print whose weights they were."""
    if not row.pretrained:
        return f"random<small>{'none to be had' if row.why_random else 'as wanted'}</small>"
    return f"pretrained<small>{text(row.weights.removeprefix('pretrained '))}</small>"


def _settings(row: Trained) -> str:
    plan = row.plan
    return f"{plan.epochs} epochs, {plan.image_size} px, batch {plan.batch}"


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _figures(figures: Scores) -> tuple[str, ...]:
    accuracy = figures.accuracy
    rest = (figures.precision, figures.recall, figures.f1, figures.roc_auc)
    return (
        f"{number(accuracy.value)}<small>{number(accuracy.low)} – {number(accuracy.high)}</small>",
        *("" if value is None else number(value) for value in rest),
    )


def _backbone(of: Comparison, row: Trained) -> Iterator[str]:
    yield f"<h2>{text(row.plan.backbone)}</h2>"
    yield (
        f"<p class=note>Began with {text(row.weights)}; trained: {text(row.trained)}; "
        f"{text(_settings(row))}, seed {row.plan.seed}; epoch {row.kept_epoch} "
        f"of {len(row.curve)} kept; {row.trained_parameters:,} of {row.parameters:,} parameters "
        "learnt.</p>"
    )
    yield (
        f"<div class=grid><div><h3>Learning curve</h3>{learning_curve(row)}</div>"
        "<div class=mistakes><h3>Most frequent mistakes</h3>"
        f"{_mistakes(of, row)}</div></div>"
        f"<h3>Confusion matrix (rows: truth, columns: verdict)</h3>{matrix(of.classes, row)}"
    )


def _mistakes(of: Comparison, row: Trained) -> str:
    found = sorted(
        (
            (count, sum(counts), of.classes[truth], of.classes[verdict])
            for truth, counts in enumerate(row.confusion)
            for verdict, count in enumerate(counts)
            if count and truth != verdict
        ),
        reverse=True,
    )
    if not found:
        return "<p class=note>None.</p>"
    rows = [
        (text(truth), text(verdict), f"{count} of {items}")
        for count, items, truth, verdict in found[:_MISTAKES]
    ]
    return table(("truth", "verdict", "items"), rows)
