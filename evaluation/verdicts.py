"""What the figures say, in sentences: a table does not tell whether a difference is one."""

from __future__ import annotations

from evaluation.report import Figure, Figures

_WHOLE = {"attributes": "attribute queries", "free": "free text"}
_CHANNELS = {
    "image": "its best channel, images",
    "caption": "its best channel, captions",
    "words": "its best channel, exact words",
    "fused": "its channels fused by rank",
}
_DIRECTIONS = {"t2i": "text → image", "i2t": "image → text"}


def verdicts(figures: Figures, counts: dict[str, int]) -> list[str]:
    said = []
    for direction, name in _DIRECTIONS.items():
        gain = figures.get(f"{direction}.rerank_gain.MRR")
        if gain is not None:
            said.append(f"{name}: {_reranking(gain)} (MRR {_signed(gain)}).")
    for family, name in _WHOLE.items():
        said += _channels(name, family, figures)
    gain = figures.get("tags.gain.macro_mAP")
    if gain is not None:
        how = "helps" if gain.low > 0 else "hurts" if gain.high < 0 else "makes no clear difference"
        said.append(f"Tags: the caption beside the image {how} (macro mAP {_signed(gain)}).")
    gain = figures.get("tags.gain.head.macro_mAP")
    if gain is not None and gain.low < gain.high:
        how = "beat" if gain.low > 0 else "hurt" if gain.high < 0 else "are as good as"
        said.append(f"Tags: near items and captions {how} the head alone ({_signed(gain)}).")
    if 0 < counts.get("t2i", 0) < 50:
        said.append(f"Only {counts['t2i']} queries: read the intervals, not the values.")
    return said


def _channels(name: str, family: str, figures: Figures) -> list[str]:
    """The whole search against the best of its channels."""
    found = {
        c: figures.get(f"{family}.{c}.nDCG@10") for c in ("image", "caption", "words", "fused")
    }
    ranked = sorted((f.value, channel) for channel, f in found.items() if f is not None)
    if not ranked:
        return []
    best = ranked[-1][1]
    gain = figures[f"{family}.gain.{best}.nDCG@10"]
    how = "beats" if gain.low > 0 else "is worse than" if gain.high < 0 else "is as good as"
    return [f"{name}: the whole search {how} {_CHANNELS[best]} (nDCG@10 {_signed(gain)})."]


def _reranking(gain: Figure) -> str:
    if gain.low > 0:
        return "re-ranking beats the shortlist"
    if gain.high < 0:
        return "re-ranking does not beat the shortlist, it makes it worse"
    if gain.low == gain.high:
        return "re-ranking does not beat the shortlist, it leaves its order as it is"
    return "re-ranking does not beat the shortlist: no difference beyond chance"


def _signed(gain: Figure) -> str:
    return f"{gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f}"
