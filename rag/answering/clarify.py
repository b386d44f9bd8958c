"""Asking back: when a question cannot be understood alone, one question with options from the documents.

Asked only where it helps: the documents hold what is asked for about several things, and the question names
none. The user's choice resumes the first question; nothing is asked twice in a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.corpus import Corpus, Place, place_of
from rag.answering.focus import people
from rag.answering.reasons import Reason
from rag.answering.references import Kind, Reference, points_to_document
from rag.answering.terms import Term, bigrams, names, quoted, terms
from rag.text import CJK, fold
from rag.types import Hit

_HITS = 24
_MOST_OPTIONS = 4
_LONGEST_OPTION = 24
_FEW_PLACES = 3
"""A word found in this many places or more is about no single thing."""
_ASKS = re.compile(
    r"多少|几(?!乎|何)|谁|哪|何时|何地|什么(?:时候|时间|地方|名字|意思|原因|样)|叫什么|是什么|有什么|用(?:的|了)?什么|多[大长高久远快重]|怎么样|"
    r"\b(?:how (?:much|many|long|big|old|large|fast|far|often)|who|when|where|which|what)\b"
)
_HAS_SUBJECT = re.compile(r"我|你们|咱|本(?=公司|校|店|院|单位|部门)|贵|大家|人们|有人|\b(?:i|we|my|our|us|your|you|people)\b")
_DEFINITION = re.compile(r"^(?:什么是|什么叫|何谓|何为)|(?:是|指)什么(?:意思)?[？?]?$|\bwhat (?:is|are|does) (?:an? )?[\w ]{2,40}\??$|\bmean")
_OF = re.compile(rf"[{CJK}A-Za-z0-9]{{2,}}的[{CJK}]{{2,}}")


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """What has to be asked: the phrase that is unclear (empty for a missing subject) and what it may mean."""

    reason: Reason
    subject: str
    options: tuple[str, ...]


def find_ambiguity(question: str, unresolved: Sequence[Reference], corpus: Corpus) -> Ambiguity | None:
    """The ambiguity of a question that no history explains; ``None`` when searching is the better answer."""
    if names(question) or quoted(question):
        return None
    pending = [reference for reference in unresolved if not points_to_document(reference)]
    if unresolved and not pending:
        return None
    content = _content(question, pending)
    if pending:
        reference = pending[0]
        if reference.kind is Kind.ORDINAL and not _bare_ordinal(reference, content):
            return None
        options = _options(question, content, reference.kind, corpus, least_places=2)
        phrase = _phrase(question, reference)
        return Ambiguity(Reason.AMBIGUOUS_REFERENCE, phrase, options) if len(options) >= 2 else None
    if not _lacks_subject(question, content):
        return None
    options = _options(question, content, Kind.THING, corpus, least_places=_FEW_PLACES)
    return Ambiguity(Reason.MISSING_SUBJECT, "", options) if len(options) >= 2 else None


def _phrase(question: str, reference: Reference) -> str:
    written = question[reference.start : reference.end]
    found = re.match(r"(?:这|那)(?:[个些种位家款台]|[一两二三四五六七八九十几]+[个种位])", written)
    if found is None or not reference.noun:
        return written
    noun = terms(reference.noun)
    return found[0] + (noun[0].text if noun else "")


def _content(question: str, pending: Sequence[Reference]) -> list[Term]:
    """The words that can be looked for: everything but the references (their nouns stay)."""
    hidden = [(r.start, r.end - len(r.noun)) for r in pending]
    return [
        term
        for term in terms(question)
        if len(term.text) > 1 and not term.number and not any(a <= term.start and term.end <= b for a, b in hidden)
    ]


def _bare_ordinal(reference: Reference, content: Sequence[Term]) -> bool:
    """第二个方法怎么做 points back; 第一个签约的歌手 is a superlative."""
    outside = [term for term in content if not (reference.start <= term.start < reference.end)]
    return len(outside) <= 1


def _lacks_subject(question: str, content: Sequence[Term]) -> bool:
    text = fold(question).strip()
    if not content or len(content) > 2 or not _ASKS.search(text):
        return False
    if _HAS_SUBJECT.search(text) or _DEFINITION.search(text) or _OF.search(text):
        return False
    return all(len(term.text) <= 4 or term.text.isascii() for term in content)


def _options(
    question: str, content: Sequence[Term], kind: Kind, corpus: Corpus, *, least_places: int
) -> tuple[str, ...]:
    """What the question may be about, best first; empty when its words point to one thing already."""
    if not content:
        return ()
    hits = [hit for hit in corpus.search(" ".join(term.text for term in content), _HITS) if _holds(hit, content)]
    if any(_is_specific(term, hits, corpus) for term in content):
        return ()
    if kind is Kind.PERSON:
        return _people_in(hits, content)
    places: dict[Place, list[Hit]] = {}
    for hit in hits:
        places.setdefault(place_of(hit), []).append(hit)
    if len(places) < least_places:
        return _names_in(hits, content) if places and least_places == 2 else ()
    labels = [_label(group, content) for group in places.values()]
    return tuple(dict.fromkeys(label for label in labels if label))[:_MOST_OPTIONS]


def _holds(hit: Hit, content: Sequence[Term]) -> bool:
    text = fold(hit.chunk.text)
    return any(term.text in text for term in content)


def _is_specific(term: Term, hits: Sequence[Hit], corpus: Corpus) -> bool:
    """Whether a word or a part of it is found in so few places that it names the subject."""
    if not hits:
        return True
    for unit in (term.text, *bigrams(term)):
        if corpus.frequency(unit) == 0:
            continue
        places = {place_of(hit) for hit in hits if unit in fold(hit.chunk.text)}
        if len(places) < 2 and corpus.frequency(unit) <= 2:
            return True
    return False


def _people_in(hits: Sequence[Hit], content: Sequence[Term]) -> tuple[str, ...]:
    found: list[str] = []
    for hit in hits:
        for sentence in _near(hit, content):
            found.extend(name for name in people(sentence) if len(name) <= _LONGEST_OPTION)
    return tuple(dict.fromkeys(found))[:_MOST_OPTIONS]


def _names_in(hits: Sequence[Hit], content: Sequence[Term]) -> tuple[str, ...]:
    found: list[str] = []
    for hit in hits:
        for sentence in _near(hit, content):
            found.extend(name for name in _candidates(sentence))
    return tuple(dict.fromkeys(found))[:_MOST_OPTIONS]


def _near(hit: Hit, content: Sequence[Term]) -> list[str]:
    """The sentences of a hit that hold a content word, with their neighbours before."""
    sentences = re.split(r"(?<=[。！？!?\n])", hit.chunk.text)
    near: list[str] = []
    for index, sentence in enumerate(sentences):
        if any(term.text in fold(sentence) for term in content):
            near.extend(sentences[max(0, index - 1) : index + 1])
    return near


def _label(group: Sequence[Hit], content: Sequence[Term]) -> str:
    """The short name of what a place is about: the name that its title and its passages share, else the title."""
    chunk = group[0].chunk
    title = (chunk.section.rsplit(" › ", 1)[-1] or chunk.title).strip(" #")
    text = " ".join(hit.chunk.text for hit in group)
    counts = {name: text.count(name) for name in _candidates(text)}
    entitled = [name for name in _candidates(title) if name in text]
    if entitled:
        return max(entitled, key=lambda name: (text.count(name), -title.find(name)))
    if 2 <= len(title) <= _LONGEST_OPTION // 2:
        return title
    near = " ".join(part for hit in group for part in _near(hit, content))
    local = [name for name in counts if name in near]
    if local:
        return max(local, key=lambda name: (near.count(name), counts[name], -near.find(name)))
    return title if 2 <= len(title) <= _LONGEST_OPTION else ""


def _candidates(text: str) -> list[str]:
    """Names that could stand in a question: Latin names that are no common words, titles, titled persons."""
    latin = [name for name in names(text) if _looks_proper(name)]
    return [name for name in dict.fromkeys((*latin, *people(text))) if 2 <= len(name) <= _LONGEST_OPTION]


def _looks_proper(name: str) -> bool:
    if re.search(f"[{CJK}]", name):
        return False
    return name[:1].isupper() or any(sign.isdigit() for sign in name[1:]) or name[1:] != name[1:].lower()


def known_options(options: Sequence[str], corpus: Corpus) -> tuple[str, ...]:
    """Those of ``options`` that the documents mention, without repetition, at most as many as are shown."""
    known = [option for option in options if len(option) <= _LONGEST_OPTION and corpus.frequency(option)]
    return tuple(dict.fromkeys(known))[:_MOST_OPTIONS]
