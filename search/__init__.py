"""Finding items: query → shortlist → re-rank → results. `Searcher` is the way in."""

from search.searcher import Hit, Searcher, SearchResult

__all__ = ["Hit", "SearchResult", "Searcher"]
