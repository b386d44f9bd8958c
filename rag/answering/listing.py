"""Answers that enumerate: the list of the evidence that a question asks for, or the sentence that enumerates.

A list is judged by the line that leads it in, by its items, and by whether it has as many as are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answering.content import keys, overlap
from rag.answering.reading import Candidate, Reading
from rag.answering.rows import Picked, picked
from rag.answering.selection import ranking
from rag.sentences import UnitKind
from rag.text import numbers, simplified

_MOST_ITEMS = 12
_COUNT_BONUS = 0.3
_LIST_BONUS = 0.1
_NAME_BONUS = 0.6
_ASKED_COUNT = re.compile(r"哪([两二三四五六七八九十]|\d{1,2})|([两二三四五六七八九十]|\d{1,2})(?:个|种|类|项|条|点|方面|层面|部分|步|位|大)|\b(two|three|four|five|six|seven|eight|nine|ten)\b")
_QUOTED = re.compile(r"《[^》]*》|“[^”]*”|「[^」]*」|\"[^\"]*\"")
_ENUMERATED = re.compile(r"、|, (?=\S)|；|;")
_DIGITS = {sign: value for value, signs in enumerate(("", "", "两二", "三", "四", "五", "六", "七", "八", "九", "十")) for sign in signs}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that answers: the line before it, if it may be shown, and its items. Without items: one sentence."""

    lead: Candidate | None
    items: tuple[Candidate, ...]
    score: float


def asked_count(question: str) -> int:
    """How many things a question asks for; 0 when it does not say."""
    match = _ASKED_COUNT.search(simplified(question))
    if not match:
        return 0
    word = match[1] or match[2]
    if word is None:
        return int(numbers(match[3])[0].value) if numbers(match[3]) else 0
    return _DIGITS.get(word) or (int(word) if word.isdigit() else 0)


def best_listing(question: str, reading: Reading, scored: Sequence[Candidate]) -> Listing | None:
    """The list that answers best, or the best enumerating sentence where that is better; None without evidence.

    ``scored`` are all units of the reading.
    """
    ranked = ranking(scored)
    if not ranked:
        return None
    count, asked = asked_count(question), keys(_QUOTED.sub("", question))
    single = max(ranked[:10], key=lambda one: one.score + _enumerates(one, count, reading))
    best = Listing(single, (), single.score + _enumerates(single, count, reading))
    scores = {(one.run, one.place): one.score for one in scored}
    for lead, items in reading.lists():
        listing = _judge(reading, lead, items, scores, asked, count)
        if listing.score > best.score:
            best = listing
    for lead, rows in reading.tables():
        table = _judge_table(reading, lead, rows, scores, asked, count)
        if table.score > best.score:
            best = table
    for found in picked(question, reading):
        chosen = _judge_picked(found, scores, asked)
        if chosen.score > best.score:
            best = chosen
    return best


def _judge_picked(found: Picked, scores: Mapping[tuple[int, int], float], asked: frozenset[str]) -> Listing:
    """Rows that the question picks out: by the best one, which stands for all, and by how far the names of the columns and
    the document say what is asked for."""
    items = tuple(one for row in found.rows[:_MOST_ITEMS] for one in row.units)
    chunk = items[0].span.chunk
    told = _NAME_BONUS * overlap(asked, keys(" ".join((chunk.title, chunk.section, *found.rows[0].cells))))
    return Listing(None, items, max(scores[one.run, one.place] for one in items) + told + _LIST_BONUS)


def _judge_table(
    reading: Reading,
    lead: Candidate | None,
    rows: Sequence[Candidate],
    scores: Mapping[tuple[int, int], float],
    asked: frozenset[str],
    count: int,
) -> Listing:
    """A table as a list of its rows: by its two best ones, and by how far the line above and the head name what is asked for."""
    head = reading.columns(rows[0])
    said = " ".join(one.text for one in (lead, head) if one is not None)
    own = sorted((scores[one.run, one.place] for one in rows), reverse=True)[:2]
    told = sum(own) / len(own) + _NAME_BONUS * overlap(asked, keys(said))
    led = scores[lead.run, lead.place] + _named(lead, asked) if lead is not None and lead.leads else 0.0
    score = max(told, led) + _LIST_BONUS + _COUNT_BONUS * (len(rows) == count)
    shown = lead if lead is not None and lead.tells and lead.leads else None
    return Listing(shown, tuple(rows[:_MOST_ITEMS]), score if len(rows) <= _MOST_ITEMS else 0.0)


def _judge(
    reading: Reading,
    lead: Candidate | None,
    items: Sequence[Candidate],
    scores: Mapping[tuple[int, int], float],
    asked: frozenset[str],
    count: int,
) -> Listing:
    led = scores[lead.run, lead.place] + _named(lead, asked) if lead else 0.0
    own = sorted((scores[one.run, one.place] for one in items), reverse=True)[:2]
    heads = len(reading.fellows(items))
    score = max(led, sum(own) / len(own)) + _LIST_BONUS + _COUNT_BONUS * (heads == count)
    shown = lead if lead is not None and lead.tells and not lead.is_label else None
    return Listing(shown, _first_items(items), score)


def _named(lead: Candidate, asked: frozenset[str]) -> float:
    """What it adds that the line before a list names it or leads it in, and the question says the same."""
    return _NAME_BONUS * overlap(keys(lead.text), asked) if lead.is_label or lead.leads else 0.0


def _first_items(items: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The first items with their further sentences."""
    heads = 0
    for place, one in enumerate(items):
        heads += one.kind is UnitKind.ITEM
        if heads > _MOST_ITEMS:
            return tuple(items[:place])
    return tuple(items)


def _enumerates(one: Candidate, count: int, reading: Reading) -> float:
    """What it adds that a sentence enumerates, in itself or in its clauses, and more so as many things as are asked for."""
    parts = max(len(_ENUMERATED.findall(one.text)) + 1, len(reading.clauses(one)))
    if count:
        return _COUNT_BONUS * (count <= parts <= count + 1)
    return _LIST_BONUS * (parts >= 3)
