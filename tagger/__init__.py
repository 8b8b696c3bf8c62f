"""New images → tags, captions and nearest items. `Tagger` is the way in."""

from tagger.results import CaptionMatch, Nearest, Tagged, TagScore
from tagger.tagger import Tagger

__all__ = ["CaptionMatch", "Nearest", "TagScore", "Tagged", "Tagger"]
