"""The event stream of the engine: its grammar, its rounds and its ends, with every part a fake."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from rag.engine import Engine, Limits, Search
from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.interfaces import Look
from rag.types import (
    Action,
    Answer,
    Chunk,
    Evidence,
    Hit,
    Outcome,
    Plan,
    Scope,
    Sentence,
    Stage,
    Turn,
    Verdict,
)
from tests.fakes import FakeCatalogue

Steps = Generator[Event, None, Answer]
LETTERS = {Planned: "P", Retrieved: "R", Reranked: "K", Token: "t", SentenceChecked: "s", Answered: "A"}
GRAMMAR = re.compile(r"P(R+KP?)*(t+s?)*A")


def chunk(name: str) -> Chunk:
    return Chunk(name, name[0], "title", "", name, 0, len(name))


@dataclass
class FakeRetriever:
    found: dict[str, list[str]]
    stage: Stage
    asked: list[tuple[str, Scope]] = field(default_factory=list)

    def search(self, query: str, k: int, scope: Scope) -> list[Hit]:
        self.asked.append((query, scope))
        kept = [chunk(name) for name in self.found.get(query, []) if scope.admits(chunk(name))]
        return [Hit(one, 1 / rank, rank, self.stage) for rank, one in enumerate(kept[:k], start=1)]


class FirstComeFusion:
    def fuse(self, query: str, sparse: Sequence[Hit], dense: Sequence[Hit]) -> list[Hit]:
        both = {hit.chunk.id: hit for hit in [*dense, *sparse]}
        return [replace(hit, rank=rank, stage=Stage.FUSED) for rank, hit in enumerate(both.values(), start=1)]


class LabelReranker:
    """A chunk called ``a1`` scores .1, ``b9`` .9."""

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        scored = sorted(hits, key=lambda hit: -int(hit.chunk.id[1]))
        return [Hit(h.chunk, int(h.chunk.id[1]) / 10, r, Stage.RERANKED) for r, h in enumerate(scored, start=1)]


@dataclass
class ScriptedPlanner:
    first: Plan
    further: list[Plan | None]
    seen: list[tuple[str, ...]] = field(default_factory=list)

    def plan(self, question: str, history: Sequence[Turn]) -> Plan:
        return self.first

    def refine(self, plan: Plan, evidence: Sequence[Evidence]) -> Plan | None:
        self.seen.append(tuple(item.chunk.id for item in evidence))
        return self.further.pop(0) if self.further else None


def spoken(text: str, outcome: Outcome) -> Steps:
    yield Token(text)
    return Answer(text, (), (), outcome)


class FakeVoice:
    def reply(self, plan: Plan, history: Sequence[Turn]) -> Steps:
        return (yield from spoken("hello", Outcome.REPLIED))

    def clarify(self, plan: Plan) -> Steps:
        return (yield from spoken("which?", Outcome.CLARIFY))

    def abstain(self, plan: Plan, nearest: Sequence[str]) -> Steps:
        return replace((yield from spoken("not there", Outcome.ABSTAINED)), nearest=tuple(nearest))


class EchoWriter:
    def write(
        self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn], look: Look | None = None, opening: str = ""
    ) -> Steps:
        sentences = []
        for item in evidence:
            yield Token(item.chunk.text)
            sentences.append(Sentence(item.chunk.text, 0, 0, (), Verdict.SUPPORTED))
            yield SentenceChecked(sentences[-1])
        return Answer("".join(s.text for s in sentences), tuple(sentences), (), Outcome.ANSWERED)


def engine(
    planner: ScriptedPlanner,
    found: dict[str, list[str]] | None = None,
    limits: Limits | None = None,
    writer: EchoWriter | None = None,
) -> tuple[Engine, FakeRetriever]:
    sparse = FakeRetriever(found or {}, Stage.SPARSE)
    search = Search(sparse, FakeRetriever(found or {}, Stage.DENSE), FirstComeFusion(), LabelReranker())
    built = Engine(
        catalogue=FakeCatalogue(),
        search=search,
        planner=planner,
        writer=writer or EchoWriter(),
        voice=FakeVoice(),
        limits=limits,
    )
    return built, sparse


def run(planner: ScriptedPlanner, found: dict[str, list[str]] | None = None, **options: Scope) -> list[Event]:
    return list(engine(planner, found)[0].answer("q", (), **options))


def shape(events: Sequence[Event]) -> str:
    return "".join(LETTERS[type(event)] for event in events)


def end(events: Sequence[Event]) -> Answer:
    last = events[-1]
    assert isinstance(last, Answered)
    return last.answer


def retrieve(*queries: str, **rest: object) -> Plan:
    return replace(Plan(Action.RETRIEVE, queries, round=1), **rest)  # type: ignore[arg-type]


def test_reply_skips_retrieval() -> None:
    events = run(ScriptedPlanner(Plan(Action.REPLY), []))
    assert shape(events) == "PtA"
    assert end(events).outcome is Outcome.REPLIED


def test_clarify_asks_and_ends() -> None:
    events = run(ScriptedPlanner(Plan(Action.CLARIFY, options=("a", "b")), []))
    assert shape(events) == "PtA"
    assert end(events).outcome is Outcome.CLARIFY


def test_one_round_that_suffices_is_answered() -> None:
    events = run(ScriptedPlanner(retrieve("x"), [None]), {"x": ["a9", "a5"]})
    assert shape(events) == "PRRRKtstsA"
    assert end(events).text == "a9a5"


def test_the_reranker_reads_the_best_of_what_fusion_keeps() -> None:
    limits = Limits(candidates=3, reranked=2)
    built, _ = engine(ScriptedPlanner(retrieve("x"), [None]), {"x": ["a1", "b2", "c9", "d9"]}, limits)
    events = list(built.answer("q", ()))
    fused = next(event for event in events if isinstance(event, Retrieved) and event.stage is Stage.FUSED)
    reranked = next(event for event in events if isinstance(event, Reranked))
    assert [hit.chunk.id for hit in fused.hits] == ["a1", "b2", "c9"]
    assert [hit.chunk.id for hit in reranked.hits] == ["b2", "a1"]


def test_a_second_round_sees_the_evidence_of_the_first_and_adds_to_it() -> None:
    planner = ScriptedPlanner(retrieve("x"), [retrieve("y"), None])
    events = run(planner, {"x": ["a9"], "y": ["b8"]})
    assert shape(events) == "PRRRKPRRRKtstsA"
    assert planner.seen == [("a9",), ("a9", "b8")]


def test_a_plan_without_further_queries_answers_with_what_there_is() -> None:
    planner = ScriptedPlanner(retrieve("x"), [retrieve(missing=("y",))])
    assert shape(run(planner, {"x": ["a9"]})) == "PRRRKPtsA"


def test_thin_evidence_ends_in_abstention_with_the_nearest_documents() -> None:
    events = run(ScriptedPlanner(retrieve("x"), [Plan(Action.ABSTAIN)]), {"x": ["a9", "b2"]})
    assert shape(events) == "PRRRKPtA"
    assert end(events).outcome is Outcome.ABSTAINED
    assert end(events).nearest == ("a", "b")


def test_no_evidence_is_never_answered_even_if_the_planner_is_content() -> None:
    events = run(ScriptedPlanner(retrieve("x"), [None]), {"x": ["a1"]})
    assert end(events).outcome is Outcome.ABSTAINED


def test_a_bare_scope_of_the_planner_is_left() -> None:
    planner = ScriptedPlanner(retrieve("x", scope=Scope(document_ids=("z",))), [None])
    events = run(planner, {"x": ["a9"]})
    assert end(events).text == "a9"


def test_a_scope_of_the_user_is_kept_through_every_round() -> None:
    planner = ScriptedPlanner(retrieve("x"), [retrieve("y"), None])
    built, sparse = engine(planner, {"x": ["a9", "b9"], "y": ["a8", "b8"]})
    events = list(built.answer("q", (), Scope(("b",), strict=True)))
    assert end(events).text == "b9b8"
    assert all(scope == Scope(("b",), strict=True) for _, scope in sparse.asked)


def test_a_hinted_scope_gives_way_to_the_planners() -> None:
    planner = ScriptedPlanner(retrieve("x", scope=Scope(("a",))), [None])
    built, sparse = engine(planner, {"x": ["a9", "b9"]})
    assert end(list(built.answer("q", (), Scope(("b",))))).text == "a9"
    assert sparse.asked == [("x", Scope(("a",)))]


def test_closing_the_stream_closes_the_writer() -> None:
    closed = []

    class SlowWriter(EchoWriter):
        def write(
            self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn], look: Look | None = None, opening: str = ""
        ) -> Steps:
            try:
                while True:
                    yield Token("…")
            finally:
                closed.append(True)

    built = Engine(
        catalogue=FakeCatalogue(),
        search=engine(ScriptedPlanner(retrieve("x"), []), {"x": ["a9"]})[0]._search,
        planner=ScriptedPlanner(retrieve("x"), [None]),
        writer=SlowWriter(),
        voice=FakeVoice(),
    )
    stream = built.answer("q")
    for event in stream:
        if isinstance(event, Token):
            break
    stream.close()
    assert closed == [True]


class LookingWriter(EchoWriter):
    """Searches for "y", then for "z", before it echoes."""

    def write(
        self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn], look: Look | None = None, opening: str = ""
    ) -> Steps:
        assert look is not None
        for number, query in enumerate("yz", start=2):
            yield Planned(further := replace(plan, queries=(query,), round=number))
            evidence = yield from look(further)
        return (yield from super().write(plan, evidence, history))


def test_a_writer_may_look_again_and_old_markers_keep_their_chunks() -> None:
    found = {"x": ["a9"], "y": ["a9", "b8", "c1"], "z": ["b8", "c7"]}
    built, _ = engine(ScriptedPlanner(retrieve("x"), [None]), found, writer=LookingWriter())
    events = list(built.answer("q"))
    assert shape(events) == "PRRRKPRRRKPRRRKtststsA"
    last = [event for event in events if isinstance(event, Reranked)][-1]
    assert [(item.marker, item.chunk.id) for item in last.evidence] == [(1, "a9"), (2, "b8"), (3, "c7")]
    assert {hit.chunk.id for hit in last.hits} == {"a9", "b8", "c1", "c7"}


def test_a_second_look_stays_in_the_users_scope() -> None:
    found = {"x": ["a9"], "y": ["b8"], "z": []}
    built, sparse = engine(ScriptedPlanner(retrieve("x"), [None]), found, writer=LookingWriter())
    scope = Scope(("a",), strict=True)
    assert end(list(built.answer("q", (), scope))).text == "a9"
    assert sparse.asked == [("x", scope), ("y", scope), ("z", scope)]


def test_retrieve_stops_before_any_answer() -> None:
    built, _ = engine(ScriptedPlanner(retrieve("x", "y"), [None]), {"x": ["a9"], "y": ["b8"]})
    assert shape(list(built.retrieve("q"))) == "PRRRRRRK"


NAMES = st.sampled_from([f"{letter}{digit}" for letter in "abc" for digit in range(1, 10)])
PLANS = st.builds(
    lambda action, queries: Plan(action, tuple(queries) if action is Action.RETRIEVE else (), round=1),
    st.sampled_from(list(Action)),
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True),
)
FOUND = st.fixed_dictionaries({query: st.lists(NAMES, max_size=4, unique=True) for query in "xyz"})


@given(first=PLANS, further=st.lists(st.none() | PLANS.filter(lambda p: p.action in (Action.RETRIEVE, Action.ABSTAIN)), max_size=4), found=FOUND)
def test_every_stream_follows_the_grammar(first: Plan, further: list[Plan | None], found: dict[str, list[str]]) -> None:
    events = run(ScriptedPlanner(first, list(further)), found)
    assert GRAMMAR.fullmatch(shape(events)), shape(events)
    assert shape(events).count("A") == 1
    text = "".join(event.text for event in events if isinstance(event, Token))
    assert text == end(events).text


