"""New images → tags, captions and nearest items. `Tagger` is the way in."""

from tagger.tagger import CaptionMatch, Nearest, Tagged, Tagger, TagScore

__all__ = ["CaptionMatch", "Nearest", "TagScore", "Tagged", "Tagger"]
