"""A second look: a sentence in whose years, numbers or names the model was unsure is searched for by itself.

Source: forward-looking active retrieval, Jiang et al. 2023 (https://arxiv.org/abs/2305.06983); here the sentence
stands as it was written and is checked against what was found. Knows neither models nor how a search is made.
"""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag.answering.citations import marker_spans
from rag.answering.content import words
from rag.answering.pieces import Unit
from rag.answering.reasons import Reason
from rag.events import Event, Planned
from rag.interfaces import Look, probabilities_of
from rag.text import numbers
from rag.types import Action, Evidence, Plan

MOST = 3
"""How many sentences of one answer are searched for."""

_NAMES = frozenset({"person", "place", "organisation", "latin"})


class Heard:
    """What a model has said of which no sentence was made yet, with the probability of each character."""

    def __init__(self) -> None:
        self._text = ""
        self._probabilities: list[float] = []

    def add(self, piece: str) -> None:
        """The next piece."""
        self._text += piece
        self._probabilities += probabilities_of(piece)

    def take(self, sentence: str) -> list[float]:
        """The probability of each character of ``sentence``, 1 for spaces; empty when it was not said like this.

        Markers in between are passed over. What was said up to its end is forgotten.
        """
        marked = {place for start, end in marker_spans(self._text) for place in range(start, end)}
        places = [place for place, sign in enumerate(self._text) if not sign.isspace() and place not in marked]
        wanted = "".join(sentence.split())
        start = "".join(self._text[place] for place in places).find(wanted)
        if start < 0 or not wanted:
            return []
        own = places[start : start + len(wanted)]
        found = iter([self._probabilities[place] for place in own])
        self._text, self._probabilities = self._text[own[-1] + 1 :], self._probabilities[own[-1] + 1 :]
        return [1.0 if sign.isspace() else next(found) for sign in sentence]


def uncertain(sentence: str, probabilities: Sequence[float], least: float) -> bool:
    """Whether a year, number or name in ``sentence`` has a character with a probability below ``least``.

    ``probabilities``: one a character; empty where they are not known.
    """
    return bool(probabilities) and any(probabilities[place] < least for place in _stated(sentence))


def _stated(sentence: str) -> Iterator[int]:
    """The places of digits, of numbers with their units, and of names."""
    yield from (place for place, sign in enumerate(sentence) if sign.isdigit())
    for number in numbers(sentence):
        yield from range(number.start, number.end)
    for word in words(sentence):
        if word.kind in _NAMES:
            yield from range(word.start, word.end)


class SecondLook:
    """The second looks of one answer, at most ``MOST``.

    ``look`` makes a round of search for a plan; a probability below ``least`` is uncertain.
    """

    def __init__(self, look: Look, plan: Plan, least: float) -> None:
        self._look = look
        self._plan = plan
        self._least = least
        self._left = MOST
        self._heard = Heard()

    def hear(self, piece: str) -> None:
        """The next piece of the writer's stream."""
        self._heard.add(piece)

    def at(self, unit: Unit, evidence: Sequence[Evidence]) -> Steps[Event, None, Sequence[Evidence]]:
        """Search for ``unit``, which has just ended, if it is uncertain; the evidence that there is then."""
        if not self._left or not uncertain(unit.text, self._heard.take(unit.text), self._least):
            return evidence
        self._left -= 1
        self._plan = replace(
            self._plan,
            action=Action.RETRIEVE,
            queries=(f"{unit.context} {unit.text}".strip(),),
            reason=Reason.SECOND_LOOK,
            round=self._plan.round + 1,
        )
        yield Planned(self._plan)
        return (yield from self._look(self._plan))
