"""The data report: one HTML page about the catalog that needs no other file and no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from catalog import report_page as page
from catalog.duplicates import DuplicateGroup
from catalog.report_data import AttributeFigures, ReportData, gather
from catalog.report_plots import histogram, sizes
from catalog.splits import SPLITS
from db.home import writing
from db.store import Store
from progress import Progress, silent

_TOP_TAGS = 40
_TOP_CLASSES = 12
_GROUPS = 24
_MEMBERS = 6
_PROBLEMS = 300
# Measured in the design: below about this many examples a tag cannot be learnt.
_RARE = 8


def write_report(store: Store, out: Path, near_bits: int, progress: Progress = silent) -> Path:
    """Writes the page to `out` and returns it."""
    data = gather(store, near_bits, progress)
    text = page.page("Pairdex data report", _body(data))
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    return out


def _body(data: ReportData) -> Iterator[str]:
    exact = sum(group.exact for group in data.groups)
    left_out = sum(not problem.kept for problem in data.problems)
    yield "<h1>Data report</h1>"
    yield page.tiles(
        [
            ("items", f"{len(data.keys):,}"),
            ("captions", f"{len(data.captions):,}"),
            ("different tags", f"{len(data.tags):,}"),
            ("attributes", f"{len(data.attributes):,}"),
            ("exact duplicate groups", f"{exact:,}"),
            ("near duplicate groups", f"{len(data.groups) - exact:,}"),
            ("rows left out", f"{left_out:,}"),
        ]
    )
    yield from _splits(data)
    yield from _tags(data)
    yield from _captions(data)
    yield from _images(data)
    yield from _attributes(data)
    yield from _duplicates(data)
    yield from _problems(data)


def _splits(data: ReportData) -> Iterator[str]:
    counts = data.images["split"].value_counts()
    rows = [
        (split, int(counts.get(split, 0)), 100 * float(counts.get(split, 0)) / len(data.keys))
        for split in SPLITS
    ]
    yield page.heading("Splits")
    yield page.table(["split", "items", "percent"], rows)
    empty = [split for split, count, _ in rows if not count]
    if empty:
        yield page.note(f"No item is in {' or '.join(empty)}.", warning=True)


def _tags(data: ReportData) -> Iterator[str]:
    if not data.tags:
        return
    rare = sum(count < _RARE for count in data.tags.values())
    bare = int((data.images["tags"] == 0).sum())
    yield page.heading("Tags")
    yield page.note(
        f"{len(data.tags):,} tags, {data.images['tags'].mean():.1f} per item; {rare:,} of them "
        f"are on fewer than {_RARE} items, too few to learn from. {bare:,} items have no tag."
    )
    top = data.tags.most_common(_TOP_TAGS)
    half = (len(top) + 1) // 2
    most = top[0][1]
    yield page.grid([page.bars(top[:half], most), page.bars(top[half:], most)])
    if len(data.tags) > _TOP_TAGS:
        yield page.note(f"The {_TOP_TAGS} most frequent are shown.")


def _captions(data: ReportData) -> Iterator[str]:
    rows: list[tuple[str | int | float, ...]] = []
    series = sorted(data.captions.groupby("language"), key=lambda pair: -len(pair[1]))
    for language, captions in series:
        words, characters = captions["words"], captions["characters"]
        rows.append(
            (
                *(str(language), len(captions), float(words.mean()), float(words.median())),
                *(float(words.quantile(0.95)), float(characters.mean()), int(characters.max())),
            )
        )
    yield page.heading("Captions")
    names = "language,captions,words: mean,median,95 %,characters: mean,longest".split(",")
    yield page.table(names, rows)
    plots = [
        page.titled(
            f"{column.capitalize()} per caption",
            histogram([(str(name), part[column]) for name, part in series], column),
        )
        for column in ("words", "characters")
    ]
    yield page.grid(plots)


def _images(data: ReportData) -> Iterator[str]:
    images = data.images
    formats = [(str(name), int(n)) for name, n in images["format"].value_counts().items()]
    megabytes = images["bytes"].sum() / 1e6
    yield page.heading("Images")
    yield page.note(
        f"Median {images['width'].median():.0f}×{images['height'].median():.0f} pixels, smallest "
        f"side {images[['width', 'height']].min(axis=1).min()}, {megabytes:,.1f} MB in all."
    )
    yield page.grid(
        wide=True,
        parts=[
            page.titled("Sizes", sizes(images["width"], images["height"])),
            page.titled("Formats", page.bars(formats)),
            page.titled(
                "Brightness",
                histogram([("", images["brightness"])], "mean grey value, 0 to 1", (0, 1)),
            ),
            page.titled(
                "Contrast",
                histogram([("", images["contrast"])], "deviation of grey values", (0, 0.5)),
            ),
        ],
    )


def _attributes(data: ReportData) -> Iterator[str]:
    if not data.attributes:
        return
    yield page.heading("Attributes")
    rows = [
        (name, figures.kind, figures.filled, len(figures.counts), _summary(figures))
        for name, figures in data.attributes.items()
    ]
    yield page.table(["name", "kind", "filled", "different", "values"], rows)
    yield page.grid(
        page.titled(name, page.bars(figures.counts.most_common(_TOP_CLASSES)))
        for name, figures in data.attributes.items()
        if figures.classes
    )


def _summary(figures: AttributeFigures) -> str:
    if figures.low is not None:
        low, high = figures.low, figures.high
        return f"{low:g} to {high:g}" if isinstance(low, float) else f"{low} to {high}"
    return ", ".join(value[:40] for value, _ in figures.counts.most_common(4))


def _duplicates(data: ReportData) -> Iterator[str]:
    yield page.heading("Duplicates")
    if not data.groups:
        yield page.note("None: no two images are equal or nearly so.")
        return
    yield page.note("Nothing was removed; the items of a group are kept in one split.")
    if data.leaks:
        first = ", ".join(data.keys[place] for place in data.leaks[0].members[:4])
        yield page.note(
            f"{len(data.leaks):,} groups lie in more than one of the splits that the source "
            f"gives (first: {first}): what is measured on them is too good.",
            warning=True,
        )
    yield page.grid((_group(data, group) for group in data.groups[:_GROUPS]), wide=True)
    if len(data.groups) > _GROUPS:
        yield page.note(
            f"{len(data.groups) - _GROUPS:,} more: `pairdex catalog duplicates` lists them all."
        )


def _group(data: ReportData, group: DuplicateGroup) -> str:
    members = [(data.keys[place], data.paths[place]) for place in group.members]
    kind = "exact" if group.exact else "near"
    return page.group(kind, members[:_MEMBERS], max(0, len(members) - _MEMBERS))


def _problems(data: ReportData) -> Iterator[str]:
    yield page.heading("Problems")
    if not data.problems:
        yield page.note("None: every row of the last import was taken as it is.")
        return
    counts = Counter((problem.code, problem.kept) for problem in data.problems)
    yield page.table(
        ["code", "rows", "what became of them"],
        [
            (code, count, "kept with a change" if kept else "left out")
            for (code, kept), count in counts.most_common()
        ],
    )
    yield "<h3>Rows</h3>"
    yield page.table(
        ["row", "id or image", "code", "detail"],
        [(p.row, p.key, p.code, p.detail) for p in data.problems[:_PROBLEMS]],
    )
    if len(data.problems) > _PROBLEMS:
        yield page.note(
            f"{len(data.problems) - _PROBLEMS:,} more: `pairdex catalog problems` lists them all."
        )
