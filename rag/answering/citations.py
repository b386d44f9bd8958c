"""Citation markers: reading those that a writer put into a stream, and making ours from checked spans.

A writer's marker is a hint, whatever its form; only markers that were computed here reach an answer. Knows
nothing of models, pages or how support is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.interfaces import Support
from rag.types import Citation, Verdict

_GAP = r"[ \t\u3000]"  # no line break: a marker stands on one line
_WORD = r"(?:来源|來源|出处|出處|证据|證據|资料|資料|文档|文檔|文献|文獻|参考|參考|引用|sources?|refs?|references?|docs?|documents?|citations?|evidence|passages?)"
_NUMBER = r"[0-9０-９]{1,3}"
_JOINT = rf"(?:{_GAP}*(?:[,，、;；&和]|and|[-–—~～至]){_GAP}*\^?)"
_ORIGIN = r"[\w \t,.:–-]{0,20}"  # what some providers put behind the number: 【1†L3-L5】
_LABEL = rf"(?:{_WORD}{_GAP}*[:：#]?{_GAP}*)"
_NUMBERS = rf"{_GAP}*\^?{_LABEL}?\^?{_NUMBER}(?:{_JOINT}{_LABEL}?{_NUMBER})*{_GAP}*(?:†{_ORIGIN})?"
_BRACKETED = rf"\[\[{_NUMBERS}\]\]|\[{_NUMBERS}\]|[【［〔]{_NUMBERS}[】］〕]"
_ROUND = rf"[（(]{_GAP}*{_LABEL}{_NUMBERS}[)）]"
_MARKER = re.compile(rf"{_BRACKETED}|{_ROUND}", re.IGNORECASE)
_OPEN = "[【［〔(（"
_CLOSE = "]】］〕)）"
_LONGEST = 48
_WIDEST_RANGE = 20

_PIECE = re.compile(rf"({_NUMBER})(?:\s*[-–—~～至]\s*({_NUMBER}))?")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Hint:
    """A writer's marker: the numbers it names, ranges written out, and how it stood there."""

    numbers: tuple[int, ...]
    written: str


def numbers_of(marker: str) -> tuple[int, ...]:
    """The numbers that one marker names, in order, each once: ``[1-3,5]`` gives 1, 2, 3, 5."""
    found: dict[int, None] = {}
    for match in _PIECE.finditer(marker.split("†")[0]):
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        if 0 <= last - first <= _WIDEST_RANGE:
            found.update(dict.fromkeys(range(first, last + 1)))
        else:
            found.update({first: None, last: None})
    return tuple(found)


def without_markers(text: str) -> str:
    """``text`` with every marker taken out, and the space that stood before it."""
    return re.sub(rf"[ \t]*(?:{_MARKER.pattern})", "", text, flags=re.IGNORECASE)


def marker_spans(text: str) -> list[tuple[int, int]]:
    """Where markers stand in ``text``: start and end offsets, in order."""
    return [match.span() for match in _MARKER.finditer(text)]


class MarkerFilter:
    """Takes the markers out of a stream of text, holding back no more than an unfinished bracket.

    ``feed`` and ``finish`` yield text and ``Hint`` values in the order of the stream; the texts joined are the
    stream without its markers.
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> Iterator[str | Hint]:
        """Take the next piece; yield what is certain by now."""
        text = self._held + piece
        self._held = ""
        place = 0
        while place < len(text):
            opening = _next_opening(text, place)
            if opening > place:
                yield text[place:opening]
                place = opening
            elif match := _MARKER.match(text, place):
                yield Hint(numbers_of(match.group()), match.group())
                place = match.end()
            elif _may_become_marker(text[place:]):
                self._held = text[place:]
                return
            else:
                yield text[place]
                place += 1

    def finish(self) -> Iterator[str | Hint]:
        """The stream has ended: yield what was held back."""
        held, self._held = self._held, ""
        place = 0
        for match in _MARKER.finditer(held):
            if match.start() > place:
                yield held[place : match.start()]
            yield Hint(numbers_of(match.group()), match.group())
            place = match.end()
        if place < len(held):
            yield held[place:]


def _next_opening(text: str, place: int) -> int:
    for index in range(place, len(text)):
        if text[index] in _OPEN:
            return index
    return len(text)


def _may_become_marker(text: str) -> bool:
    """Whether ``text``, which starts with an opening bracket, can be the beginning of a marker."""
    if len(text) > _LONGEST or "\n" in text or any(sign in text[1:] for sign in _CLOSE if sign != "]"):
        return False
    body = text.lstrip(_OPEN)
    if len(text) - len(body) > 2 or ("]" in body and not text.startswith("[[")):
        return False
    if "†" in body:
        number, _, origin = body.partition("†")
        return bool(_PIECE.search(number)) and bool(re.fullmatch(_ORIGIN, origin.rstrip("]")))
    if text[0] in "(（" and body.strip() and not _LETTERS.match(body.strip()):
        return False
    letters = _LETTERS.findall(body)
    if any(not _word_like(word.lower(), last=body.endswith(word)) for word in letters):
        return False
    return not re.search(r"[0-9０-９]{4}", body) and not re.search(r"[^\w \t\u3000,，、;；&\-–—~～\^:：#\]]|_", body)


_WORDS = frozenset(
    "来源|來源|出处|出處|证据|證據|资料|資料|文档|文檔|文献|文獻|参考|參考|引用|和|至|and|source|sources|ref|refs|reference"
    "|references|doc|docs|document|documents|citation|citations|evidence|passage|passages".split("|")
)


def _word_like(word: str, last: bool) -> bool:
    return word in _WORDS or (last and any(known.startswith(word) for known in _WORDS))


def citations_from(supports: Sequence[Support]) -> tuple[Citation, ...]:
    """Citations of a sentence's supports, best first, each span once."""
    seen: set[tuple[str, int, int]] = set()
    citations: list[Citation] = []
    for support in supports:
        chunk, span = support.span.chunk, support.span
        start, end = chunk.start + span.start, chunk.start + span.end
        if (chunk.document_id, start, end) not in seen:
            seen.add((chunk.document_id, start, end))
            citations.append(
                Citation(support.marker, chunk.id, chunk.document_id, span.text, start, end, support.verdict)
            )
    return tuple(citations)


def verdict_from(supports: Sequence[Support]) -> Verdict:
    """The verdict on a sentence: that of the span which supports it best; without any span, unsupported."""
    found = {support.verdict for support in supports}
    for verdict in (Verdict.SUPPORTED, Verdict.CONFLICTING, Verdict.PARTLY):
        if verdict in found:
            return verdict
    return Verdict.UNSUPPORTED


def markers_text(citations: Sequence[Citation]) -> str:
    """The markers as they stand behind a sentence: ``[1][3]``, ascending, each once."""
    return "".join(f"[{marker}]" for marker in sorted({citation.marker for citation in citations}))
