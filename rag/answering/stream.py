"""Folds a writer's stream into checked sentences with our own markers: pure logic, no model and no I/O.

Words go out as they come, markers at the end of their unit once it is checked. With ``show_unsupported`` off, a
unit is held until it is checked, and left out when nothing supports it.
"""

from __future__ import annotations

import re
from collections.abc import Generator as Steps
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.answering.citations import citations_from, markers_text, verdict_from
from rag.answering.phrases import claims_nothing
from rag.answering.pieces import Item, Layout, Unit, Words
from rag.answering.second_look import SecondLook
from rag.answering.units import UnitSplitter
from rag.events import Event, SentenceChecked, Token
from rag.interfaces import Checker
from rag.types import Citation, Evidence, Sentence, Verdict


@dataclass(slots=True)
class Written:
    """What has been written so far. ``withheld`` are the units that were left out for want of support."""

    text: str = ""
    sentences: list[Sentence] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Those of all sentences, in order."""
        return tuple(citation for sentence in self.sentences for citation in sentence.citations)


class AnswerWriter:
    """Turns pieces of text into Token and SentenceChecked events; ``written`` is the answer so far.

    The tokens joined are ``written.text``. A sentence's tokens and markers come before its SentenceChecked.
    Units that claim nothing (headings, connecting phrases) are tokens only. With ``terse`` they are left out, and so
    is what nothing supports or a passage contradicts. ``evidence`` grows by second looks.
    """

    def __init__(
        self,
        checker: Checker,
        evidence: Sequence[Evidence],
        question: str,
        *,
        show_unsupported: bool = True,
        terse: bool = False,
        second_look: SecondLook | None = None,
        opening: str = "",
    ) -> None:
        self.evidence = evidence
        self._checker = checker
        self._second_look = second_look
        self._question = question
        self._show_unsupported = show_unsupported and not terse
        self._terse = terse
        self._unfit = {Verdict.UNSUPPORTED, Verdict.CONFLICTING} if terse else {Verdict.UNSUPPORTED}
        self._splitter = UnitSplitter()
        self._layout = ""
        self._bullet = ""
        self._words: list[str] = []
        self._start = 0
        self._opening = opening
        self.written = Written(opening)

    @property
    def began(self) -> bool:
        """Whether anything is written behind the opening."""
        return len(self.written.text) > len(self._opening)

    def feed(self, piece: str) -> Iterator[Event]:
        """Take the next piece of the writer's stream."""
        if self._second_look is not None:
            self._second_look.hear(piece)
        for item in self._splitter.feed(piece):
            yield from self._take(item)

    def finish(self) -> Iterator[Event]:
        """The stream has ended, or broke off: check what is left."""
        for item in self._splitter.finish():
            yield from self._take(item)
        if self._layout.strip() and self.began:
            yield self._token(self._release().rstrip())

    def _take(self, item: Item) -> Iterator[Event]:
        match item:
            case Layout(text):
                self._add_layout(text)
            case Words(text):
                if self._show_unsupported:
                    yield from self._show(text)
                else:
                    self._words.append(text)
            case Unit():
                yield from self._end_unit(item)

    def _show(self, text: str) -> Iterator[Token]:
        if not self._words:
            layout = self._release()
            if layout:
                yield self._token(layout)
            self._start = len(self.written.text)
        self._words.append(text)
        yield self._token(text)

    def _end_unit(self, unit: Unit) -> Iterator[Event]:
        sentence, needs_none = yield from self._check(unit)
        if not self._show_unsupported:
            if self._terse if needs_none else sentence.verdict in self._unfit:
                self._withhold(unit)
                return
            self._words = []
            yield from self._show(unit.text)
        self._words = []
        markers = markers_text(sentence.citations)
        if markers:
            yield self._token(markers)
        if not needs_none:
            placed = Sentence(
                unit.text, self._start, len(self.written.text), sentence.citations, sentence.verdict
            )
            self.written.sentences.append(placed)
            yield SentenceChecked(placed)

    def _check(self, unit: Unit) -> Steps[Event, None, tuple[Sentence, bool]]:
        if not unit.context and claims_nothing(unit.text):
            return Sentence(unit.text, 0, 0, (), Verdict.SUPPORTED), True
        if self._second_look is not None:
            self.evidence = yield from self._second_look.at(unit, self.evidence)
        known = {item.marker for item in self.evidence}
        hinted = [number for number in unit.hinted if number in known]
        about = f"{self._question} {unit.context}".strip()
        supports = self._checker.check(unit.text, hinted, self.evidence, about)
        return Sentence(unit.text, 0, 0, citations_from(supports), verdict_from(supports)), False

    def _withhold(self, unit: Unit) -> None:
        """Leave a unit out. Its bullet waits for what follows on the line; a table keeps its bars."""
        self.written.withheld.append(unit.text)
        self._words = []
        line = self._layout.rfind("\n")
        if not unit.context and self._layout[line + 1 :].strip():
            cut = max(line, 0)
            self._layout, self._bullet = self._layout[:cut], self._layout[cut:]

    def _add_layout(self, text: str) -> None:
        if "\n" in text:
            self._bullet = ""
        self._layout, self._bullet = self._layout + self._bullet + text, ""

    def _release(self) -> str:
        layout = re.sub(r"\n{3,}", "\n\n", self._layout + self._bullet)
        self._layout = self._bullet = ""
        return layout if self.began else layout.lstrip("\n")

    def _token(self, text: str) -> Token:
        self.written.text += text
        return Token(text)
