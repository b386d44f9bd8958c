"""Asking back: when a question cannot be understood alone, one question with options from the documents.

Asked only where it helps: the documents hold what is asked for about several things, and the question names
none. The user's choice resumes the first question; nothing is asked twice in a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.answering.corpus import PATH_SEPARATOR, Corpus, Place, place_of
from rag.answering.focus import people
from rag.answering.reasons import Reason
from rag.answering.references import Kind, Reference, points_to_document
from rag.answering.terms import Term, names, quoted, terms
from rag.text import CJK, fold
from rag.types import Hit

_HITS = 24
_MOST_OPTIONS = 4
_LONGEST_OPTION = 24
_FEW_PLACES = 3
"""A word found in this many places or more is about no single thing."""
_NAMED_BY_KIND = re.compile(
    r"(?:大学|学院|学校|中学|小学|公司|集团|教堂|城市|国家|地区|法案|条约|协议|战役|战争|机场|车站|医院|银行|博物馆|体育场|球队|乐队|电影|电视剧|小说|组织|机构|协会|政党|河|湖|山|岛|桥|寺|庙|宫|塔|路|街)$"
)
"""Kinds of things whose Chinese names end in the kind (芝加哥大学)."""
_LONGEST_COMMON = 3
"""Common Chinese nouns and verbs have two characters, seldom three."""
_COMMON = 0.01
"""A common word is in at least this share of the passages."""
_HOME = 0.5
"""A place with more than this share of a word's passages is what the word is about."""
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
        noun = _noun(reference)
        options = _options(content, reference.kind, noun, corpus, least_places=2)
        phrase = _phrase(question, reference)
        return Ambiguity(Reason.AMBIGUOUS_REFERENCE, phrase, options) if len(options) >= 2 else None
    if not _lacks_subject(question, content):
        return None
    options = _options(content, Kind.THING, "", corpus, least_places=_FEW_PLACES)
    return Ambiguity(Reason.MISSING_SUBJECT, "", options) if len(options) >= 2 else None


def _phrase(question: str, reference: Reference) -> str:
    written = question[reference.start : reference.end]
    found = re.match(r"(?:这|那|第)?(?:[一两二三四五六七八九十几\d]+[个种位项条步款]|[个些种位家款台]|另一?[个种])", fold(written))
    if found is None or not reference.noun:
        return written
    return written[: found.end()] + _noun(reference)


def _noun(reference: Reference) -> str:
    held = terms(reference.noun)
    return held[0].text if held else ""


def _content(question: str, pending: Sequence[Reference]) -> list[Term]:
    """The words that can be looked for: everything but the references (their nouns stay)."""
    hidden = list(question)
    for reference in pending:
        end = reference.end - len(reference.noun)
        hidden[reference.start : end] = " " * (end - reference.start)
    return [term for term in terms("".join(hidden)) if len(term.text) > 1 and not term.number]


def _bare_ordinal(reference: Reference, content: Sequence[Term]) -> bool:
    """第二个方法怎么做 points back; 第一个签约的歌手 is a superlative."""
    outside = [term for term in content if not (reference.start <= term.start < reference.end)]
    return len(outside) <= 1


def _lacks_subject(question: str, content: Sequence[Term]) -> bool:
    text = fold(question).strip()
    if len(content) != 1 or not _ASKS.search(text):
        return False
    if _HAS_SUBJECT.search(text) or _DEFINITION.search(text) or _OF.search(text):
        return False
    return len(content[0].text) <= _LONGEST_COMMON or content[0].text.isascii()


def _options(
    content: Sequence[Term], kind: Kind, noun: str, corpus: Corpus, *, least_places: int
) -> tuple[str, ...]:
    """What the question may be about, best first; empty when its words point to one thing already."""
    if not content:
        return ()
    hits = [hit for hit in corpus.search(" ".join(term.text for term in content), _HITS) if _holds(hit, content)]
    if kind is Kind.PERSON and all(corpus.frequency(term.text) >= least_places for term in content):
        return _distinct(name for hit in hits for part in _near(hit, content) for name in people(part))
    if not _are_generic(content, hits, corpus, least_places):
        return ()
    if _NAMED_BY_KIND.search(noun):
        kinds = _distinct(name for hit in hits for part in _near(hit, content) for name in _of_kind(part, noun))
        if len(kinds) >= 2:
            return kinds
    places: dict[Place, list[Hit]] = {}
    for hit in hits:
        places.setdefault(place_of(hit), []).append(hit)
    if len(places) < least_places:
        return _distinct(name for hit in hits for part in _near(hit, content) for name in _candidates(part))
    others = {place: " ".join(h.chunk.text for p, held in places.items() if p != place for h in held) for place in places}
    return _distinct(_label(group, content, others[place]) for place, group in places.items())


def _distinct(labels: Iterable[str]) -> tuple[str, ...]:
    fit = (label for label in labels if 2 <= len(label) <= _LONGEST_OPTION)
    return tuple(dict.fromkeys(fit))[:_MOST_OPTIONS]


def _are_generic(content: Sequence[Term], hits: Sequence[Hit], corpus: Corpus, least_places: int) -> bool:
    """Whether the words are spoken of in several places, none of which the question can single out."""
    together = {place_of(hit) for hit in hits if all(term.text in fold(hit.chunk.text) for term in content)}
    if len(together) < 2:
        return False
    return all(_is_generic(term, hits, corpus, least_places) for term in content)


def _is_generic(term: Term, hits: Sequence[Hit], corpus: Corpus, least_places: int) -> bool:
    """Common words only: a name, though mentioned here and there, has a home or is rare in a large collection."""
    counts: dict[Place, int] = {}
    for hit in hits:
        if term.text in fold(hit.chunk.text):
            counts[place_of(hit)] = counts.get(place_of(hit), 0) + 1
    total = sum(counts.values())
    if len(counts) < 2 or (total >= 4 and max(counts.values()) > _HOME * total and least_places > 2):
        return False
    return corpus.frequency(term.text) >= max(least_places, _COMMON * corpus.chunks)


def _holds(hit: Hit, content: Sequence[Term]) -> bool:
    text = fold(hit.chunk.text)
    return any(term.text in text for term in content)


def _of_kind(text: str, noun: str) -> list[str]:
    """Names that ``text`` gives to things called ``noun``: X大学, Qwen2.5 模型."""
    found = [
        text[term.start : term.end]
        for term in terms(text)
        if term.text.endswith(noun) and len(noun) + 1 < len(term.text) <= len(noun) + 8
    ]
    beside = [name for name in names(text) if _looks_proper(name) and re.search(re.escape(name) + rf"\s?{noun}", text)]
    return [*beside, *found]


def _near(hit: Hit, content: Sequence[Term]) -> list[str]:
    """The sentences of a hit that hold a content word, with their neighbours before."""
    sentences = re.split(r"(?<=[。！？!?\n])", hit.chunk.text)
    near: list[str] = []
    for index, sentence in enumerate(sentences):
        if any(term.text in fold(sentence) for term in content):
            near.extend(sentences[max(0, index - 1) : index + 1])
    return near


def _label(group: Sequence[Hit], content: Sequence[Term], others: str) -> str:
    """The short name of what a place is about: a name of its title that its passages use, a name beside the words
    in question that other places do not use, else a short title."""
    chunk = group[0].chunk
    title = (chunk.section.rsplit(PATH_SEPARATOR, 1)[-1] or chunk.title).strip(" #")
    text = " ".join(hit.chunk.text for hit in group)
    entitled = [name for name in _candidates(title) if name in text and re.search(f"[{CJK}]|^[^ ]+$", title)]
    if entitled:
        return max(entitled, key=lambda name: (text.count(name), -title.find(name)))
    near = " ".join(part for hit in group for part in _near(hit, content))
    used = f"{text} {others}"
    local = [
        name
        for name in _candidates(near)
        if others.count(name) <= text.count(name) // 2 and (name.islower() or name.lower() not in used)
    ]
    if local:
        return max(local, key=lambda name: (near.count(name), text.count(name), -near.find(name)))
    return title if 2 <= len(title) <= _LONGEST_OPTION // 2 else ""


def _candidates(text: str) -> list[str]:
    """Names that could stand in a question: Latin names that are no common words, titled persons."""
    latin = [name for name in names(text) if _looks_proper(name)]
    return [name for name in dict.fromkeys((*latin, *people(text))) if 2 <= len(name) <= _LONGEST_OPTION]


def _looks_proper(name: str) -> bool:
    """A capital, or letters with a digit behind; neither a bare size (7B) nor a two-letter abbreviation (AI)."""
    if re.search(f"[{CJK}]", name) or sum(sign.isalpha() for sign in name) < 2 or name[:1].isdigit():
        return False
    if len(name) <= 2 and name.isupper():
        return False
    return name[:1].isupper() or any(sign.isdigit() for sign in name[1:]) or name[1:] != name[1:].lower()


def known_options(options: Sequence[str], corpus: Corpus) -> tuple[str, ...]:
    """Those of ``options`` that the documents mention, without repetition, at most as many as are shown."""
    known = [option for option in options if len(option) <= _LONGEST_OPTION and corpus.frequency(option)]
    return tuple(dict.fromkeys(known))[:_MOST_OPTIONS]
