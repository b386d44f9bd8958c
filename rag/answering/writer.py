"""Writes and checks one answer: a generator's text through the fold of ``stream``, with a stand-in if it fails.

Knows generators, the checker and conflicts by their interfaces only; the engine knows this module as its Writer.
"""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rag.answering.conflicts import ConflictFinder
from rag.answering.content import name_keys, pairs
from rag.answering.form import asks_one_fact
from rag.answering.own_knowledge import OwnKnowledge
from rag.answering.second_look import SecondLook
from rag.answering.stream import AnswerWriter, Written
from rag.errors import ModelError
from rag.events import Event
from rag.interfaces import Checker, Generator, Look
from rag.text import language
from rag.types import Action, Answer, Evidence, Outcome, Plan, Turn


class CheckedWriter:
    """Streams an answer and checks it sentence by sentence.

    ``fallback`` writes instead when ``generator`` fails before its first piece, or when nothing that it wrote
    may be shown; ``Answer.model`` says who wrote. A failure after the first piece is raised once what came is
    checked and out. ``small`` is for a generator that needs watching: what nothing supports or a passage
    contradicts is left out, a refusal is not believed while the evidence suffices, and whatever takes more than a fact to
    answer is left to ``fallback``.
    ``second_look``: the probability below which a year, number or name that the generator wrote is
    searched for; 0 is never. ``knowledge`` is what the model knows itself; it is asked once the answer is out.
    """

    def __init__(
        self,
        generator: Generator,
        checker: Checker,
        *,
        fallback: Generator | None = None,
        conflicts: ConflictFinder | None = None,
        show_unsupported: bool = True,
        small: bool = False,
        second_look: float = 0.0,
        knowledge: OwnKnowledge | None = None,
    ) -> None:
        self._generator = generator
        self._fallback = fallback
        self._checker = checker
        self._conflicts = conflicts or ConflictFinder()
        self._show_unsupported = show_unsupported
        self._small = small
        self._second_look = second_look
        self._knowledge = knowledge

    def write(
        self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn], look: Look | None = None, opening: str = ""
    ) -> Steps[Event, None, Answer]:
        """Yield the answer's events and return the answer; behind ``opening`` where there is one.

        Raises:
            ModelError: the model failed with its answer half written, or failed at all and nothing stands in.
        """
        author, knowledge = self._author(plan), self._knowledge
        fold = self._new_fold(plan, evidence, look, terse=self._small and author is self._generator, opening=opening)
        try:
            yield from self._run(author, fold, plan, evidence, history)
        except ModelError:
            if self._fallback is None or fold.began:
                yield from fold.finish()
                raise
            knowledge = None
        if self._fallback is not None and not fold.began:
            author, fold = self._fallback, self._new_fold(plan, fold.evidence, opening=opening)
            yield from self._run(author, fold, plan, fold.evidence, history)
        answer = self._answer(author, fold.written, plan, fold.evidence)
        if knowledge is None or not answer.sentences or plan.action is Action.ABSTAIN:
            return answer
        return replace(answer, recalled=knowledge.objection(plan, answer))

    def _author(self, plan: Plan) -> Generator:
        if self._fallback is not None and (plan.action is Action.ABSTAIN or (self._small and not asks_one_fact(plan))):
            return self._fallback
        return self._generator

    def _new_fold(
        self, plan: Plan, evidence: Sequence[Evidence], look: Look | None = None, *, terse: bool = False, opening: str = ""
    ) -> AnswerWriter:
        return AnswerWriter(
            self._checker,
            evidence,
            plan.question,
            show_unsupported=self._show_unsupported,
            terse=terse,
            second_look=SecondLook(look, plan, self._second_look) if look and self._second_look else None,
            opening=opening,
        )

    @staticmethod
    def _run(
        author: Generator, fold: AnswerWriter, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]
    ) -> Iterator[Event]:
        with _closed(author.generate(plan, evidence, history)) as pieces:
            for piece in pieces:
                yield from fold.feed(piece)
        yield from fold.finish()

    def _answer(self, author: Generator, written: Written, plan: Plan, evidence: Sequence[Evidence]) -> Answer:
        if plan.action is Action.ABSTAIN:
            return Answer(written.text, tuple(written.sentences), written.citations, Outcome.ABSTAINED, missing=plan.missing)
        missing = tuple(dict.fromkeys([*plan.missing, *_missing(plan, written, evidence)]))
        outcome = Outcome.PARTIAL if missing else Outcome.ANSWERED
        return Answer(
            text=written.text,
            sentences=tuple(written.sentences),
            citations=written.citations,
            outcome=outcome if written.sentences else Outcome.ABSTAINED,
            missing=missing,
            conflicts=self._conflicts.find(plan.question, evidence),
            model=author.model,
        )


@contextmanager
def _closed(pieces: Iterator[str]) -> Iterator[Iterator[str]]:
    """``pieces``, closed at the end where it can be, so that a model call stops when its reader does."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, Steps):
            pieces.close()


def _missing(plan: Plan, written: Written, evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """The parts of the question whose own names occur in no passage that the answer cites.

    Parts without a name of their own are the planner's to judge, and so are those in another language.
    """
    cited = {citation.chunk_id for citation in written.citations}
    passages = [item.chunk for item in evidence if item.chunk.id in cited]
    if len(plan.parts) < 2 or not passages:
        return ()
    text = " ".join(f"{chunk.title} {chunk.section} {chunk.text}" for chunk in passages)
    present, named = pairs(text), [name_keys(part) for part in plan.parts]
    shared = frozenset.intersection(*named)
    return tuple(
        part
        for part, names in zip(plan.parts, named, strict=True)
        if names - shared and not (names - shared) & present and language(part) == language(text)
    )
