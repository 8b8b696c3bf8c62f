"""Finding items: query → shortlist → re-rank → results. `Searcher` is the way in."""

from search.request import Request, Seen
from search.results import Explanation, Hit, Member, SearchResult
from search.searcher import Searcher

__all__ = ["Explanation", "Hit", "Member", "Request", "SearchResult", "Searcher", "Seen"]
