"""The typed events of one answer: the only way in which answers leave the engine.

Grammar: ``Planned (Retrieved+ Reranked Planned?)* (Token+ SentenceChecked?)* Answered``; ``Answered`` comes
exactly once and last. Tokens without a ``SentenceChecked`` are the bot's own words (a greeting, a question back,
"the documents do not say"), which rest on no document. A second look puts
``Planned Retrieved+ Reranked`` before the ``SentenceChecked`` of its sentence, or before the tokens of one that was
held back until it was checked. Events hold values, never wording or HTML: each reader folds them into its own form.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.types import Answer, Citation, Evidence, Hit, Plan, Sentence, Stage, Verdict


@dataclass(frozen=True, slots=True)
class Planned:
    """The planner decided, at the start and before each further round."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One stage ranked its hits for one query; ``stage`` is sparse, dense or fused."""

    query: str
    stage: Stage
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Reranked:
    """All candidates of a round in their final order, and the evidence that the answer may use.

    ``evidence`` holds that of earlier rounds too; a marker once given keeps its chunk.
    """

    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text. Pieces joined give ``Answer.text``."""

    text: str


@dataclass(frozen=True, slots=True)
class SentenceChecked:
    """A sentence has ended and was checked; its tokens came before."""

    sentence: Sentence

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The spans that the sentence rests on."""
        return self.sentence.citations

    @property
    def verdict(self) -> Verdict:
        """What the check found."""
        return self.sentence.verdict


@dataclass(frozen=True, slots=True)
class Answered:
    """The last event."""

    answer: Answer


Event = Planned | Retrieved | Reranked | Token | SentenceChecked | Answered
