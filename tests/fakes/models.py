"""A language model, a judge and a scorer that do what they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rag.errors import ModelError
from rag.interfaces import Message, Span
from rag.types import Chunk, Verdict

Decision = dict[str, Any]


class ScriptedModel:
    """Streams its pieces and gives its decisions in order, the last one for ever; keeps what it was asked.

    An error in the place of a decision, or as ``fault`` before any call, is raised. ``closed`` counts the streams
    that came to an end, whoever ended them.
    """

    def __init__(self, *decisions: Decision | ModelError, pieces: Sequence[str] = (), name: str = "scripted") -> None:
        self.name = name
        self.fault: ModelError | None = None
        self.asked: list[Sequence[Message]] = []
        self.closed = 0
        self._decisions = decisions
        self._pieces = pieces

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Iterator[str]:
        self._ask(messages)
        try:
            yield from self._pieces
        finally:
            self.closed += 1

    def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> Decision:
        self._ask(messages)
        decision = self._decisions[min(len(self.asked), len(self._decisions)) - 1]
        if isinstance(decision, ModelError):
            raise decision
        return decision

    def _ask(self, messages: Sequence[Message]) -> None:
        self.asked.append(messages)
        if self.fault:
            raise self.fault


class ScriptedJudge:
    """Gives its verdicts in order, the last one for ever; an error in the place of one is raised.

    ``asked`` are the claims and premises that it was shown.
    """

    def __init__(self, *verdicts: Verdict | ModelError | None) -> None:
        self.asked: list[tuple[str, str]] = []
        self._verdicts = verdicts

    def judge(self, claim: str, premise: str) -> Verdict | None:
        self.asked.append((claim, premise))
        verdict = self._verdicts[min(len(self.asked), len(self._verdicts)) - 1]
        if isinstance(verdict, ModelError):
            raise verdict
        return verdict


class ScriptedScorer:
    """Scores each span by its text alone."""

    def __init__(self, score: Callable[[str], float]) -> None:
        self._score = score

    def score(self, text: str, spans: Sequence[Span]) -> list[float]:
        return [self._score(span.text) for span in spans]

    def meets(self, text: str, parts: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[list[float]]:
        """Each part is met where it stands."""
        return [[float(text[start:end] in span.text) for start, end in parts] for span in spans]


class ScriptedFinder:
    """An ``AnswerFinder`` that gives each passage what ``rule`` gives its text."""

    def __init__(self, rule: Callable[[str], float]) -> None:
        self._rule = rule

    def answers(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        return [self._rule(chunk.text) for chunk in chunks]
