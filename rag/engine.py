"""The online pipeline: plan → gather → generate → check, as one stream of typed events.

Nothing else produces answers. Every step is a generator that yields its events and returns its value, so that
the body of ``answer`` reads as the planner's state table. The engine is stateless and knows neither wording,
files nor the web; one instance serves every thread.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from rag.events import Answered, Event, Planned, Reranked, Retrieved
from rag.gathering import Gathered
from rag.interfaces import Catalogue, Fusion, Planner, Reranker, Retriever, Voice, Writer
from rag.types import Action, Answer, Chunk, Evidence, Form, Hit, Outcome, Plan, Scope, Stage, Turn

Stream = Generator[Event, None, None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is searched and shown. ``floor`` is a probability; the others count hits and passages."""

    candidates: int = 50
    reranked: int = 30
    evidence: int = 8
    floor: float = 0.3
    nearest: int = 3
    close: int = 2


Following = Callable[[str, int], Sequence[Chunk]]
"""The chunks right behind the one with this id, at most so many."""


def _nothing(chunk_id: str, count: int) -> Sequence[Chunk]:
    return ()


@dataclass(frozen=True, slots=True)
class Search:
    """The parts that turn a query into a ranking, and read on behind a hit."""

    sparse: Retriever
    dense: Retriever
    fusion: Fusion
    reranker: Reranker
    following: Following = _nothing


class Engine:
    """Answers questions from one opened index."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        search: Search,
        planner: Planner,
        writer: Writer,
        voice: Voice,
        limits: Limits | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._search = search
        self._planner = planner
        self._writer = writer
        self._voice = voice
        self._limits = limits or Limits()

    def answer(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Stream:
        """Yield the events of one answer; ``Answered`` comes once and last.

        ``scope``: a strict one is the user's own choice of where to search, and nothing outside is shown; any
        other is a hint, which the planner's own scope overrides. Closing the generator stops the model call.

        Raises:
            ModelError: a model that was needed failed and nothing could stand in for it.
        """
        plan = yield from self._plan(question, history, scope)
        match plan.action:
            case Action.REPLY:
                answer = yield from self._voice.reply(plan, history)
            case Action.CLARIFY:
                answer = yield from self._voice.clarify(plan)
            case Action.RETRIEVE | Action.ABSTAIN:
                answer = yield from self._answer_from_documents(plan, history)
            case _ as unknown:
                assert_never(unknown)
        yield Answered(answer)

    def retrieve(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Stream:
        """The same up to the first round's ``Reranked``: for judging retrieval alone."""
        plan = yield from self._plan(question, history, scope)
        if plan.queries:
            yield from self._round(plan, Gathered())

    def _plan(self, question: str, history: Sequence[Turn], scope: Scope | None) -> Generator[Event, None, Plan]:
        plan = self._planner.plan(question, history)
        if scope and (scope.strict or not plan.scope):
            plan = replace(plan, scope=scope)
        yield Planned(plan)
        return plan

    def _answer_from_documents(self, plan: Plan, history: Sequence[Turn]) -> Generator[Event, None, Answer]:
        plan, gathered = yield from self._gather(plan)
        if plan.action is Action.ABSTAIN or not gathered.evidence:
            return (yield from self._abstain(plan, gathered, history))

        judged_only = self._judged_only(gathered.evidence)

        def told() -> Sequence[Evidence]:
            return tuple(item for item in gathered.evidence if item.marker not in judged_only)

        def look(further: Plan) -> Generator[Event, None, Sequence[Evidence]]:
            nonlocal gathered
            gathered = yield from self._round(further, gathered)
            return told()

        if plan.following:
            gathered = yield from self._widened(plan, gathered)
        answer = yield from self._writer.write(plan, told(), history, look)
        if answer.outcome is Outcome.ABSTAINED:
            return replace(answer, nearest=gathered.nearest(self._limits.nearest))
        return answer

    def _abstain(self, plan: Plan, gathered: Gathered, history: Sequence[Turn]) -> Generator[Event, None, Answer]:
        """Say that the documents do not tell; below it, where it comes close, what they say instead."""
        nearest = gathered.nearest(self._limits.nearest)
        said = yield from self._voice.abstain(plan, nearest)
        if not plan.close or not gathered.evidence:
            return said
        plan = replace(plan, form=Form.PROSE, parts=())
        shown = yield from self._writer.write(plan, gathered.evidence[: self._limits.close], history, opening=said.text)
        return replace(shown, nearest=nearest)

    def _judged_only(self, evidence: Sequence[Evidence]) -> frozenset[int]:
        """The markers of passages below the floor, which help to judge but are not quoted where two others may be."""
        below = frozenset(item.marker for item in evidence if item.score < self._limits.floor)
        return below if len(evidence) - len(below) > 1 else frozenset()

    def _gather(self, plan: Plan) -> Generator[Event, None, tuple[Plan, Gathered]]:
        gathered = Gathered()
        while plan.action is Action.RETRIEVE:
            gathered = yield from self._round(plan, gathered)
            following = self._planner.refine(plan, gathered.evidence)
            if following is None:
                break
            if plan.scope.strict:
                following = replace(following, scope=plan.scope)
            plan = following
            yield Planned(plan)
            if not plan.queries:
                break
        return plan, gathered

    def _round(self, plan: Plan, gathered: Gathered) -> Generator[Event, None, Gathered]:
        rankings = []
        for query in plan.queries:
            rankings.append((yield from self._rank(query, plan.scope)))
        gathered = gathered.add(rankings, floor=self._limits.floor, limit=self._limits.evidence)
        yield Reranked(gathered.hits(), gathered.evidence)
        return gathered

    def _widened(self, plan: Plan, gathered: Gathered) -> Generator[Event, None, Gathered]:
        """With what follows the best passage, whatever it scores: it is read on (small to big)."""
        best = max(gathered.evidence, key=lambda item: item.score)
        held = {item.chunk.id for item in gathered.evidence}
        near = [chunk for chunk in self._search.following(best.chunk.id, plan.following) if chunk.id not in held]
        if not near:
            return gathered
        hits = [Hit(chunk, 0.0, rank, Stage.FUSED) for rank, chunk in enumerate(near, 1)]
        ranking = self._search.reranker.rerank(plan.question, hits)
        gathered = gathered.add([ranking], floor=0.0, limit=len(ranking))
        yield Reranked(gathered.hits(), gathered.evidence)
        return gathered

    def _rank(self, query: str, scope: Scope) -> Generator[Event, None, list[Hit]]:
        sparse = self._search.sparse.search(query, self._limits.candidates, scope)
        yield Retrieved(query, Stage.SPARSE, tuple(sparse))
        dense = self._search.dense.search(query, self._limits.candidates, scope)
        yield Retrieved(query, Stage.DENSE, tuple(dense))
        fused = self._search.fusion.fuse(query, sparse, dense)[: self._limits.candidates]
        yield Retrieved(query, Stage.FUSED, tuple(fused))
        if not fused and scope and not scope.strict:
            return (yield from self._rank(query, Scope()))
        return self._search.reranker.rerank(query, fused[: self._limits.reranked])
