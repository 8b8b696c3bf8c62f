"""The word index answers as comparing a query with every item, one after the other, would."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db import words_build
from db.records import WordsRecord
from db.words import Words
from db.words_build import build

LATIN = ["lizard", "lizards", "fire", "fires", "Wing", "winged", "été", "a", "x2", "of"]
KOREAN = ["불꽃", "불꽃은", "꽃", "불", "도마뱀이", "도마뱀", "火山", "火"]
STEMS = {
    "lizards": "lizard", "fires": "fire", "wing": "wing", "winged": "wing", "été": "et",
}  # fmt: skip
WEIGHTS = (4, 1, 2)  # of name, captions and tags


def terms(word: str) -> list[str]:
    word = word.lower()
    if re.fullmatch("[가-힣一-鿿]+", word):
        return [word[i : i + 2] for i in range(max(1, len(word) - 1))]
    return [STEMS.get(word, word.replace("é", "e"))]


def plain(item: WordsRecord) -> list[tuple[int, list[str]]]:
    """(weight, words) of each part."""
    name, caption, tag = WEIGHTS
    parts = [(name, item.name), *((caption, c) for c in item.captions)]
    return [(w, text.split()) for w, text in [*parts, *((tag, t) for t in item.tags)]]


def said(items: Sequence[WordsRecord], query: str) -> list[dict[str, float]]:
    """What each word of the query says of each item that holds it: rarity times BM25."""
    lengths = [sum(len(terms(w)) for _, words in plain(i) for w in words) for i in items]
    mean = max(sum(lengths) / len(lengths), 1.0)
    found: list[dict[str, float]] = [{} for _ in items]
    for word in dict.fromkeys(query.lower().split()):
        held = {}
        for row, item in enumerate(items):
            norm = 1.2 * (0.25 + 0.75 * lengths[row] / mean)
            each: dict[str, int] = {}
            for weight, words in plain(item):
                for other in words:
                    for term in matching(word, other.lower()):
                        each[term] = each.get(term, 0) + weight
            if each:
                held[row] = max(f * 2.2 / (f + norm) for f in each.values())
        rarity = max(math.log((len(items) - len(held) + 0.5) / (len(held) + 0.5)), 1e-6)
        for row, impact in held.items():
            found[row][word] = rarity * impact
    return found


def matching(word: str, other: str) -> list[str]:
    """What a word of the query finds in a word of an item, once for each place."""
    if not re.fullmatch("[가-힣一-鿿]+", word):
        return [word] if terms(word) == terms(other) else []
    if len(word) == 1:
        return [term for term in terms(other) if term.startswith(word)]
    if len(word) == 2:
        return [term for term in terms(other) if term == word]
    return [word] if word in other else []


texts = st.lists(st.sampled_from(LATIN + KOREAN), max_size=6).map(" ".join)
catalogs = st.lists(
    st.builds(
        WordsRecord,
        name=texts,
        captions=st.lists(texts, max_size=2).map(tuple),
        tags=st.lists(st.sampled_from(LATIN), max_size=2, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=25,
)
queries = st.lists(st.sampled_from([*LATIN, *KOREAN, "nowhere", "산"]), min_size=1, max_size=5)


def index(items: Sequence[WordsRecord]) -> Words:
    return build(np.arange(10, 10 + 3 * len(items), 3, dtype=np.int64), items)


@settings(max_examples=300)
@given(catalogs, queries.map(" ".join), st.integers(1, 30), st.randoms())
def test_the_best_are_those_of_a_comparison_with_all(
    items: list[WordsRecord], query: str, count: int, random: object
) -> None:
    words = index(items)
    totals = [sum(one.values()) for one in said(items, query)]
    mask = np.random.default_rng(len(query)).random(len(items)) < 0.7
    for allowed in (None, mask):
        ids, relevance = words.hits(query, count, allowed)
        rows = (ids - 10) // 3
        held = [r for r, t in enumerate(totals) if t > 0 and (allowed is None or allowed[r])]
        best = sorted((totals[row] for row in held), reverse=True)[:count]
        assert relevance == pytest.approx(best, rel=1e-4)
        assert [totals[row] for row in rows] == pytest.approx(best, rel=1e-4)
        assert set(rows) <= set(held)
        assert len(set(rows)) == len(rows)


@settings(max_examples=200)
@given(catalogs, queries.map(" ".join))
def test_coverage_is_the_share_of_words_held_by_rarity(
    items: list[WordsRecord], query: str
) -> None:
    words = index(items)
    each = said(items, query)
    asked = list(dict.fromkeys(query.lower().split()))
    holders = {word: sum(word in one for one in each) for word in asked}
    weight = {w: math.log1p(len(items) / n) for w, n in holders.items() if n}
    whole = sum(weight.values()) * len(asked) / max(len(weight), 1)
    right = [sum(weight[w] for w in one) / whole if weight else 0.0 for one in each]
    assert words.coverage(query, words.ids) == pytest.approx(right, rel=1e-5)
    assert [set(m) for m in words.matched(query, words.ids)] == [
        {w for w in query.split() if w.lower() in one} for one in each
    ]
    assert {w.lower() for w in words.unknown(query)} == {w for w in asked if not holders[w]}


def many(rng: np.random.Generator, items: int, words: int) -> list[WordsRecord]:
    """Running text: few words are very common, many are rare."""
    shares = 1.0 / np.arange(1, words + 1)
    drawn = rng.choice(words, size=(items, 7), p=shares / shares.sum())
    return [WordsRecord(f"n{row[0]}", (" ".join(f"w{w}" for w in row[1:]),), ()) for row in drawn]


def test_common_words_that_are_not_walked_through_change_no_answer() -> None:
    """The shortcut of the ranking is taken, and gives what ranking everything gives."""
    rng = np.random.default_rng(5)
    items = many(rng, 3000, 500)
    words = index(items)
    for _ in range(30):
        query = " ".join(f"w{w}" for w in {*rng.integers(0, 5, 2), *rng.integers(5, 500, 2)})
        totals = np.zeros(len(items))
        for term in words.terms(query):
            totals[term.rows] += term.rarity * term.impacts
        right = np.lexsort((np.arange(len(items)), -totals.astype(np.float32)))[:20]
        ids, relevance = words.hits(query, 20)
        assert relevance == pytest.approx(totals[right], rel=1e-5)
        assert totals[(ids - 10) // 3] == pytest.approx(totals[right], rel=1e-5)


def test_items_of_equal_relevance_come_by_their_ids() -> None:
    words = index([WordsRecord("fox", (), ())] * 40)
    ids, relevance = words.hits("fox", 15)
    assert ids.tolist() == words.ids[:15].tolist()
    assert len(set(relevance.tolist())) == 1


def test_blocks_of_items_make_the_same_index_as_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items = many(np.random.default_rng(1), 300, 80)
    whole = index(items)
    monkeypatch.setattr(words_build, "ROWS", 32)
    monkeypatch.setattr(words_build, "TOGETHER", 7)
    sliced = index(items)
    for name, array in vars(whole.arrays).items():
        np.testing.assert_array_equal(getattr(sliced.arrays, name), array, err_msg=name)


def test_two_threads_that_search_at_once_get_what_each_asked_for() -> None:
    from concurrent.futures import ThreadPoolExecutor

    words = index(many(np.random.default_rng(2), 2000, 200))
    asked = [f"w{n} w{n + 1} w0" for n in range(60)]
    alone = [words.hits(query, 50)[0].tolist() for query in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda query: words.hits(query, 50)[0].tolist(), asked * 5))
    assert together == alone * 5
