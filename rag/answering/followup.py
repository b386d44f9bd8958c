"""Follow-up questions made stand-alone from the conversation: pronouns, ordinals, ellipsis, 那X呢.

Rules only. A question that explains itself is left as it is; the history is read from its beginning, so that a
follow-up of a follow-up still knows its subject. Knows no documents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.content import words
from rag.answering.focus import Focus, focus_of
from rag.answering.intents import read_intent
from rag.answering.references import Kind, Reference, leans_on_context, references
from rag.answering.terms import terms
from rag.text import CJK, fold, language, normalise
from rag.types import Turn

_TURNS = 6
_CONTEXT_TERMS = 8
_WHAT_ABOUT = re.compile(
    r"^(?:好的?[，,])?(?:那么?|而|换成|如果是|要是)?(?P<new>.{1,24}?)(?:那边的?|这边的?|那里|那)?(?:的)?(?:又)?(?:呢|怎么样|如何)[？?]?$"
)
_WHAT_ABOUT_EN = re.compile(r"^(?:and |but |so |ok(?:ay)?,? )*(?:what|how) about (?P<new>.{1,60}?)\??$", re.IGNORECASE)
_OPENING = re.compile(r"^(?:好的?[，,]\s*)?(?:那么?|所以|而且|并且|但是?|不过|另外|对了|还有|(?:and|but|so|then|also|ok(?:ay)?|well|btw|by the way|thanks?(?: you)?)\b)[，,]?\s*", re.IGNORECASE)
_TAKES = "去到用从给按"
"""Verbs that a follow-up repeats with another object: 去北京…，那要是去三类城市呢."""
_DATE = re.compile(r"\d[\d年月日号版./-]*")
_POSSESSIVE_EN = frozenset("his her hers its their theirs".split())
_ASKED = re.compile(rf"谁|什么|哪|几|多少|怎么|如何|为什么|何(?=[{CJK}])|\b(?:who|what|when|where|which|whose|how|why)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Standalone:
    """A question that needs no history. ``queries`` are ways to search for it, best first.

    ``changed`` tells whether the history was needed; ``unresolved`` holds the references that it could not
    explain.
    """

    question: str
    queries: tuple[str, ...]
    changed: bool = False
    unresolved: tuple[Reference, ...] = ()


def stand_alone(question: str, history: Sequence[Turn]) -> Standalone:
    """``question`` with what it takes from ``history`` written out."""
    exchanges = _exchanges(history)
    known = Focus()
    for asked, answered in exchanges[-_TURNS:]:
        if known and read_intent(normalise(asked), history).reason is not None:
            continue
        resolved = _resolve(asked, known)
        known = focus_of(resolved.question, answered, known, continues=resolved.changed)
    return _resolve(question, known)


def _exchanges(history: Sequence[Turn]) -> list[tuple[str, str]]:
    """Each user message with the answer that followed, empty where none did."""
    found: list[tuple[str, str]] = []
    for turn in history:
        if turn.role == "user":
            found.append((turn.text, ""))
        elif found:
            found[-1] = (found[-1][0], turn.text)
    return found


def _resolve(question: str, focus: Focus) -> Standalone:
    pending = references(question, continued=bool(focus))
    if not focus:
        return Standalone(question, (question,), unresolved=pending)
    parallel = _parallel(question, focus)
    if parallel is not None:
        return Standalone(parallel, _variants(parallel, question, focus), changed=True)
    if pending:
        return _substitute(question, pending, focus)
    if leans_on_context(question):
        return _complete(question, focus)
    return Standalone(question, (question,))


def _parallel(question: str, focus: Focus) -> str | None:
    """那X呢: the previous question with X in the place of what it was about."""
    text = question.strip()
    found = _WHAT_ABOUT_EN.match(text) or (_WHAT_ABOUT.match(text) if text.rstrip("？?").endswith("呢") else None)
    if found is None or not focus.question or _ASKED.search(found["new"]):
        return None
    new = _trim(found["new"])
    if not new or references(new):
        return None
    old = _counterpart(new, focus)
    if old is None:
        return f"{new} {focus.question}"
    before, _, after = focus.question.partition(old)
    return before + new + (after if old.endswith(new[-1]) else after.removeprefix(new[-1]))


def _trim(phrase: str) -> str:
    phrase = re.sub(r"(?:那边|这边|那里|这里|方面)?的?$", "", phrase.strip(" ，,。？?"))
    return re.sub(r"^(?:那么?|对于|关于|至于|在|(?:如果|要)是?(?=[到去用从给按]))", "", phrase)


def _counterpart(new: str, focus: Focus) -> str | None:
    """The phrase of the previous question that ``new`` stands beside: alike in its end, else its subject."""
    if new[0] in _TAKES and (beside := _taken(new[0], focus.question)):
        return beside
    asked = [focus.question[term.start : term.end] for term in terms(focus.question)]
    for phrase in asked:
        if re.search(f"[{CJK}]", phrase):
            shared = [size for size in (3, 2, 1) if len(new) > size and phrase.endswith(new[-size:])]
            if shared and len(phrase) > shared[0]:
                return phrase if len(phrase) <= len(new) + 2 else phrase[: len(new)]
            at = phrase.find(new[-1])
            if 0 < at < len(new) and len(new) <= 4:
                return phrase[: at + 1]
    if not focus.subject or focus.subject not in focus.question:
        return None
    dated = _DATE.match(focus.subject)
    if dated and _DATE.match(new):
        return dated[0]
    owner = focus.subject.split("的", 1)[0]
    return owner if len(owner) > 1 else focus.subject


def _taken(verb: str, question: str) -> str:
    """``verb`` with the word behind it: 去北京 of 我去北京出差住宿标准多少."""
    at = question.find(verb)
    word = next((word for word in words(question) if at >= 0 and word.start == at + 1), None)
    return question[at : word.end] if word is not None else ""


def _substitute(question: str, pending: Sequence[Reference], focus: Focus) -> Standalone:
    """Each reference replaced by what it means; those without a meaning are kept and reported."""
    text, unresolved, shift = question, [], 0
    used: set[str] = set()
    for reference in pending:
        meaning = _meaning(reference, focus)
        if not meaning:
            unresolved.append(reference)
            continue
        written = question[reference.start : reference.end]
        put = _fitted(written, reference, meaning) if meaning not in used else ""
        if meaning in used and reference.kind is Kind.PERSON:
            put = written
        used.add(meaning)
        start, end = reference.start + shift, reference.end + shift
        text = text[:start] + put + text[end:]
        shift += len(put) - (reference.end - reference.start)
    text = _OPENING.sub("", re.sub(r"\s{2,}", " ", text)).strip() or text
    return Standalone(text, _variants(text, question, focus), changed=True, unresolved=tuple(unresolved))


def _meaning(reference: Reference, focus: Focus) -> str:
    match reference.kind:
        case Kind.PERSON:
            return focus.person or focus.subject
        case Kind.ORDINAL:
            items = focus.items
            if reference.ordinal == -1 and items:
                return items[-1]
            return items[reference.ordinal - 1] if 0 < reference.ordinal <= len(items) else focus.subject
        case _:
            return focus.thing or focus.subject


def _fitted(written: str, reference: Reference, meaning: str) -> str:
    """``meaning`` in the grammar of the reference: its noun kept, a possessive kept possessive."""
    noun = reference.noun if reference.noun and reference.noun not in meaning else ""
    if fold(written) in _POSSESSIVE_EN:
        return f"{meaning}'s"
    if fold(written).startswith("其"):
        return f"{meaning}的"
    if reference.kind is Kind.ORDINAL and not re.search(f"[{CJK}]", written):
        return meaning
    return f"{meaning}{noun}" if re.search(f"[{CJK}]", meaning[-1:]) else f"{meaning} {noun}".rstrip()


def _complete(question: str, focus: Focus) -> Standalone:
    """An elliptic question with its subject put before it."""
    bare = _OPENING.sub("", question.strip()) or question
    subject = focus.thing or focus.subject
    if not subject or fold(subject) in fold(bare):
        return Standalone(question, _variants(question, question, focus), changed=True)
    whole = f"{bare.rstrip('？?')} ({subject})?" if language(question) == "en" else f"{subject} {bare}"
    return Standalone(whole, _variants(whole, question, focus), changed=True)


def _variants(text: str, question: str, focus: Focus) -> tuple[str, ...]:
    """The rewritten question, and the question as it was with the words of the conversation behind it."""
    own = {term.text for term in terms(question)}
    context = [phrase for phrase in focus.context if fold(phrase) not in own][:_CONTEXT_TERMS]
    wide = " ".join([question, *context])
    return tuple(dict.fromkeys((text, wide)))
