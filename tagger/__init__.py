"""New images → tags, captions and nearest items. `Tagger` is the way in."""

from tagger.answers import Asked
from tagger.results import CaptionMatch, LabelScore, Nearest, Tagged, TagScore
from tagger.tagger import Tagger

__all__ = ["Asked", "CaptionMatch", "LabelScore", "Nearest", "TagScore", "Tagged", "Tagger"]
