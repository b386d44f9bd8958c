"""The generator that needs no language model: the fewest sentences of the evidence that answer, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.answering.arrange import as_list, as_prose, as_table
from rag.answering.content import keys, overlap, pairs
from rag.answering.expect import Wanted, holds, wanted
from rag.answering.listing import best_listing
from rag.answering.mentions import mentions, wanted_names
from rag.answering.outline import outline
from rag.answering.reading import Candidate, Reading
from rag.answering.records import Records
from rag.answering.selection import Selector, ranking, without_repeats
from rag.interfaces import Span, SpanScorer
from rag.sentences import UnitKind
from rag.sentences.lines import item_marker
from rag.text import language, normalise
from rag.types import Evidence, Form, Plan, Turn

_MOST_FACTS = 3
_MOST_PER_PART = 2
_MOST_FELLOWS, _LONGEST_LIST = 5, 300
_MOST_REASONS = 4
_MOST_LED = 4
_MOST_CLAUSES, _LONGEST_SENTENCE = 4, 160
_MOST_ENUMERATED, _LONGEST_ENUMERATION, _MOST_ROWS = 12, 500, 8
_NEAR, _NEAR_LIST = 0.85, 0.65
_NAMED = 0.6
_ASKS_LABEL = re.compile(
    r"哪(?:个|一|几)?个?(?:大|小)?(?:版本|版|条款|条|款|章|节|期|次会议|公告)|第几(?:条|款|章|节|版|期|次)|"
    r"\b(?:which|what) (?:\w+ ){0,2}?(?:version|release|update|clause|article|section|chapter|edition)s?\b",
    re.IGNORECASE,
)
_NOTES = re.compile(r"\s*(?:[-*•] )?[（(]?(?:备注|附注|注意事项|注|说明|remarks?|notes?)\s*[:：]", re.IGNORECASE)
"""Before notes, each of which stands for itself."""
_HAS_NUMBER = re.compile(r"\d|[一二三四五六七八九十]")
_ONE_FACT = frozenset((Wanted.COUNT, Wanted.TIME, Wanted.PERSON, Wanted.PLACE, Wanted.JUDGEMENT))


class ExtractiveGenerator:
    """Composes an answer of verbatim sentences, each with its ``[n]``."""

    def __init__(self, scorer: SpanScorer | None = None) -> None:
        self._selector = Selector(scorer)

    @property
    def model(self) -> str:
        """Empty: no language model writes."""
        return ""

    def generate(self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]) -> Iterator[str]:
        """Yield the answer sentence by sentence; nothing when the evidence holds no sentence."""
        question = plan.question or (plan.queries[0] if plan.queries else "")
        reading = Reading(evidence)
        parts = part_questions(plan)
        if len(parts) > 1 and plan.form is Form.TABLE:
            yield from self._table(question, parts, reading, evidence)
        elif len(parts) > 1:
            records = Records([asked for _, asked in parts], reading)
            yield from as_prose(self._of_parts(parts, reading, evidence, records), reading.columns, records)
        else:
            yield from self._single(question, plan.form, reading, evidence)

    def _single(
        self, question: str, form: Form, reading: Reading, evidence: Sequence[Evidence]
    ) -> Iterator[str]:
        scored = self._selector.scored(question, reading, evidence)
        ranked = without_repeats(ranking(scored))
        kind, records = wanted(question), Records((question,), reading)
        if form is Form.LIST or kind is Wanted.LIST:
            yield from _list(question, reading, scored, ranked, records)
        elif kind is Wanted.SUMMARY:
            yield from as_prose(outline(question, ranked), reading.columns, records)
        elif kind in (Wanted.REASON, Wanted.MANNER):
            reasons = _whole(_best(ranked, _MOST_REASONS), reading, _MOST_REASONS)
            yield from as_prose(_in_order(reasons), reading.columns, records)
        else:
            ranked = [*_dated_headings(question, scored, ranked), *ranked]
            facts = _completed(_best(_told(ranked, reading), _MOST_FACTS), reading)[:_MOST_FACTS]
            told = records.told(question, _under_label(question, _whole(facts, reading), reading))
            yield from as_prose(told, reading.columns, records)

    def _of_parts(
        self, parts: Sequence[tuple[str, str]], reading: Reading, evidence: Sequence[Evidence], records: Records
    ) -> list[Candidate]:
        chosen: list[Candidate] = []
        for name, question in parts:
            best = _of_ranked(question, self._ranked(name, question, _others(name, parts), reading, evidence), reading)
            for one in records.told(question, best):
                if all(one.span != other.span for other in chosen):
                    chosen.append(one)
        return chosen

    def _ranked(
        self, name: str, question: str, others: Sequence[str], reading: Reading, evidence: Sequence[Evidence]
    ) -> list[Candidate]:
        about = name if name != question else ""
        ranked = self._selector.rank_read(_asked_of(name, question), reading, evidence, about)
        ranked = [one for one in ranked if not speaks_of_others(one.text, about, others)] or ranked
        return _told(without_repeats(ranked), reading)

    def _table(
        self, question: str, parts: Sequence[tuple[str, str]], reading: Reading, evidence: Sequence[Evidence]
    ) -> Iterator[str]:
        heading = ("对象", "原文") if language(question) == "zh" else ("Item", "Source text")
        ranked = [self._ranked(name, asked, _others(name, parts), reading, evidence) for name, asked in parts]
        own = _apart([name for name, _ in parts], ranked)
        yield from as_table(
            heading,
            [(name, _of_ranked(asked, mine, reading)) for (name, asked), mine in zip(parts, own, strict=True)],
        )


def _dated_headings(question: str, scored: Sequence[Candidate], ranked: Sequence[Candidate]) -> list[Candidate]:
    """The headings that name what a question of time is about and give a date (v3.2（2024年9月12日）), where the best
    sentence does not."""
    named = wanted_names(question)

    def dates(one: Candidate) -> bool:
        return holds(Wanted.TIME, one.text, question) == 1 and any(mentions(normalise(one.text), name) for name in named)

    if wanted(question) is not Wanted.TIME or not named or (ranked and dates(ranked[0])):
        return []
    found = [one for one in scored if one.kind is UnitKind.HEADING and dates(one)]
    return [replace(max(found, key=lambda one: one.score), score=ranked[0].score if ranked else 1.0)] if found else []


def _under_label(question: str, facts: Sequence[Candidate], reading: Reading) -> list[Candidate]:
    """``facts`` below the heading that the first stands under, where the question asks for that: in which version, under
    which clause."""
    if not facts or not _ASKS_LABEL.search(normalise(question)):
        return list(facts)
    above = reading.runs[facts[0].run][: facts[0].place]
    label = next((one for one in reversed(above) if one.kind is UnitKind.HEADING), None)
    if label is None or not _HAS_NUMBER.search(label.text) or any(one.span == label.span for one in facts):
        return list(facts)
    return [label, *facts[: _MOST_FACTS - 1]]


def _list(
    question: str, reading: Reading, scored: Sequence[Candidate], ranked: Sequence[Candidate], records: Records
) -> Iterator[str]:
    listing = best_listing(question, reading, scored)
    if listing is None:
        return
    if listing.items and records.fellows(listing.items[0], listing.items):
        yield from as_prose([*filter(None, (listing.lead,)), *listing.items], reading.columns, records)
        return
    if listing.items and listing.items[0].kind is UnitKind.ROW:
        yield from as_prose([*filter(None, (listing.lead,)), *listing.items], reading.columns)
    elif listing.items:
        yield from as_list(listing.lead, listing.items)
    elif listing.lead is not None:
        others = [one for one in _best(ranked, _MOST_FACTS, _NEAR_LIST) if one.span != listing.lead.span]
        told = _rows(listing.lead, ranked, reading) or _whole([listing.lead, *others[: _MOST_FACTS - 1]], reading)
        yield from as_prose(records.told(question, told), reading.columns, records)


def _rows(lead: Candidate, ranked: Sequence[Candidate], reading: Reading) -> list[Candidate]:
    """``lead`` and the rows of its table that come near to it; nothing where it is no row."""
    head = reading.columns(lead)
    if head is None:
        return []
    near = [one for one in ranked if reading.columns(one) == head and one.score >= _NEAR_LIST * lead.score]
    return [lead, *(one for one in near if one.span != lead.span)][:_MOST_ROWS]


def part_questions(plan: Plan) -> list[tuple[str, str]]:
    """The parts of a question, each with the question that it asks: its query, or the rest of the question."""
    parts = [part.strip() for part in plan.parts if part.strip()]
    rest = plan.question
    for part in parts:
        rest = rest.replace(part, " ")
    asked = []
    for part in parts:
        query = next((query for query in plan.queries if part in query and query != plan.question), "")
        asked.append((part, query or " ".join(f"{part} {rest}".split())))
    return asked


def _asked_of(name: str, question: str) -> str:
    """What ``question`` asks of the thing ``name``, without the name: that a sentence is about the thing, its passage may
    tell, and sentences that only name it would come first."""
    rest = " ".join(question.replace(name, " ").split()) if name != question else question
    return rest if len(keys(rest)) > 1 else question


def _others(name: str, parts: Sequence[tuple[str, str]]) -> list[str]:
    return [other for other, question in parts if other not in (name, question)]


def speaks_of_others(text: str, about: str, others: Sequence[str]) -> bool:
    """Whether a sentence names another one of the things that a question compares, and not the thing it is ``about``."""
    if not about:
        return False
    mine, said = keys(about), pairs(text)
    own = overlap(mine, said)
    return any(overlap(keys(other) - mine, said) > max(own, _NAMED) for other in others if keys(other) - mine)


def _apart(names: Sequence[str], ranked: Sequence[Sequence[Candidate]]) -> list[list[Candidate]]:
    """Each ranking without the sentences that rank higher in another, unless they name its own thing too.

    A sentence in two rows of a comparison says of both what it says of one. A ranking that would be left empty stays.
    """
    best: dict[Span, float] = {}
    for candidates in ranked:
        for one in candidates:
            best[one.span] = max(one.score, best.get(one.span, one.score))
    own = []
    for name, candidates in zip(names, ranked, strict=True):
        mine = [one for one in candidates if one.score >= best[one.span] or overlap(keys(name), pairs(one.text)) >= _NAMED]
        own.append(mine or list(candidates))
    return own


def _of_ranked(question: str, ranked: Sequence[Candidate], reading: Reading) -> list[Candidate]:
    best = _best(ranked, _MOST_PER_PART)
    if wanted(question) not in _ONE_FACT:
        best = [item for one in best for item in _with_fellows(one, reading)]
    return _completed(best, reading)


def _with_fellows(one: Candidate, reading: Reading) -> list[Candidate]:
    """An item with the others of its list, if that is short: side by side they tell what each alone does not."""
    if one.kind is not UnitKind.ITEM:
        return [one]
    lists = (reading.fellows(items) for _, items in reading.lists())
    fellows = next((found for found in lists if any(item.span == one.span for item in found)), [])
    short = 0 < len(fellows) <= _MOST_FELLOWS and sum(len(item.text) for item in fellows) <= _LONGEST_LIST
    return fellows if short else [one]


def _best(ranked: Sequence[Candidate], most: int, near: float = _NEAR) -> list[Candidate]:
    """The best, and what comes as ``near`` to it."""
    return [one for one in ranked[:most] if one.score >= near * ranked[0].score or one is ranked[0]]


def _told(ranked: Sequence[Candidate], reading: Reading) -> list[Candidate]:
    """Without lines that only name something, unless a list stands behind them or there is nothing else."""
    return [one for one in ranked if not _names_only(one, reading)] or list(ranked)


def _names_only(one: Candidate, reading: Reading) -> bool:
    return one.is_label and not reading.items(one) and one.kind is not UnitKind.HEADING


def _completed(chosen: Sequence[Candidate], reading: Reading) -> list[Candidate]:
    """``chosen`` with the first items of a list behind the line that leads it in."""
    found: list[Candidate] = []
    for one in chosen:
        heads = one.is_label or one.leads or one.kind is UnitKind.ITEM
        items = reading.items(one)[:_MOST_LED] if heads else []
        found += [new for new in [one, *items] if all(new.span != old.span for old in found)]
    return found


def _whole(chosen: Sequence[Candidate], reading: Reading, most_told: int = _MOST_FACTS) -> list[Candidate]:
    """``chosen`` with the other clauses of the first one's sentence, and of any that counts out: one case of several
    misleads without the others.

    Further sentences give way to them.
    """
    told: list[Candidate] = []
    for place, one in enumerate(chosen):
        clauses = reading.clauses(one)
        most, longest = (_MOST_ENUMERATED, _LONGEST_ENUMERATION) if _counts_out(clauses) else (_MOST_CLAUSES * (not place), _LONGEST_SENTENCE)
        fits = not _NOTES.match(clauses[0].text) and 1 < len(clauses) <= most and sum(len(clause.text) for clause in clauses) <= longest
        new = [clause for clause in (clauses if fits else [one]) if all(clause.span != other.span for other in told)]
        if place and len(told) + len(new) > most_told and not (fits and _counts_out(clauses)):
            continue
        told += new
    return told


def _counts_out(clauses: Sequence[Candidate]) -> bool:
    """Whether the clauses behind the first are numbered: （一）…；（二）…"""
    return len(clauses) > 1 and all(item_marker(one.text) for one in clauses[1:])


def _in_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    return sorted(chosen, key=lambda one: (one.marker, one.place))
