"""Writes an answer and checks it as it is written: a generator's text becomes events and an ``Answer``.

When a language model fails before its first sentence, the extractive generator takes over; when it fails later,
what was written and checked so far stands, and the failure goes on to the edge. Knows no model by name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from rag.answering.stream import AnswerWriter, Written
from rag.errors import ModelError
from rag.events import Event
from rag.interfaces import Checker
from rag.interfaces import Generator as TextGenerator
from rag.types import Answer, Conflict, Evidence, Outcome, Plan, Turn, Verdict

_log = logging.getLogger(__name__)

FindConflicts = Callable[[str, Sequence[Evidence], Sequence[str]], tuple[Conflict, ...]]


class CheckedWriter:
    """The ``Writer`` of the engine (see ``rag.interfaces``).

    ``generators`` are tried in order: the next one stands in where one fails before anything was shown.
    """

    def __init__(
        self,
        generators: Sequence[TextGenerator],
        checker: Checker,
        *,
        find_conflicts: FindConflicts | None = None,
        show_unsupported: bool = True,
    ) -> None:
        self._generators = tuple(generators)
        self._checker = checker
        self._find_conflicts = find_conflicts
        self._show_unsupported = show_unsupported

    def write(
        self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]
    ) -> Generator[Event, None, Answer]:
        """Yield tokens and checked sentences; return the answer.

        Raises:
            ModelError: the last generator failed, or one failed after it had shown something.
        """
        last = len(self._generators) - 1
        for place, generator in enumerate(self._generators):
            writer = AnswerWriter(
                self._checker, evidence, plan.question, show_unsupported=self._show_unsupported
            )
            try:
                with closing(_events(writer, generator.generate(plan, evidence, history))) as events:
                    yield from events
            except ModelError as error:
                if writer.written.text or place == last:
                    raise
                _log.warning("The language model failed (%s); the answer is made of quotes instead", error)
            else:
                return self._answer(plan, evidence, writer.written, generator.model)
        raise AssertionError("a writer needs at least one generator")

    def _answer(self, plan: Plan, evidence: Sequence[Evidence], written: Written, model: str) -> Answer:
        subject = plan.question or " ".join(plan.queries)
        conflicts: tuple[Conflict, ...] = ()
        if self._find_conflicts is not None:
            conflicts = self._find_conflicts(subject, evidence, [sentence.text for sentence in written.sentences])
        return Answer(
            text=written.text,
            sentences=tuple(written.sentences),
            citations=written.citations,
            outcome=_outcome(written, plan),
            missing=plan.missing,
            conflicts=conflicts,
            model=model,
        )


def _events(writer: AnswerWriter, pieces: Iterator[str]) -> Generator[Event, None, None]:
    try:
        for piece in pieces:
            yield from writer.feed(piece)
        yield from writer.finish()
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _outcome(written: Written, plan: Plan) -> Outcome:
    """Nothing claimed, or nothing of it grounded in any passage, is an abstention."""
    if all(sentence.verdict is Verdict.UNSUPPORTED for sentence in written.sentences):
        return Outcome.ABSTAINED
    return Outcome.PARTIAL if plan.missing else Outcome.ANSWERED
