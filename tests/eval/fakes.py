"""Systems with known worth, and traces made by hand."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from eval.cases import Case
from eval.floor import FloorCatalogue
from eval.match import contains_any
from eval.trace import Target, Trace
from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.types import (
    Action,
    Answer,
    Citation,
    Document,
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
from tests.fakes import make_document, whole_chunk

Stream = Generator[Event, None, None]


class Oracle:
    """Does what each case expects: the best that any system can do."""

    def __init__(self, documents: Sequence[Document], cases: Iterable[Case]) -> None:
        self.catalogue = FloorCatalogue(documents)
        self._cases = {(case.question, case.history): case for case in cases}

    def retrieve(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Stream:
        case = self._cases[(question, tuple(history))]
        action = case.expected_action or (Action.RETRIEVE if case.searches else Action.REPLY)
        yield Planned(Plan(action, (question,), reason="oracle", round=1, question=case.rewrite or question))
        if action in (Action.RETRIEVE, Action.ABSTAIN):
            names = dict.fromkeys([*case.gold, *(quote.doc for quote in case.evidence)])
            chunks = [whole_chunk(self.catalogue.document(name)) for name in names]
            hits = tuple(Hit(chunk, 1.0, rank, Stage.SPARSE) for rank, chunk in enumerate(chunks, start=1))
            for stage in (Stage.SPARSE, Stage.DENSE, Stage.FUSED):
                yield Retrieved(question, stage, hits)
            yield Reranked(hits, tuple(Evidence(hit.rank, hit.chunk, 1.0) for hit in hits))

    def answer(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Stream:
        case = self._cases[(question, tuple(history))]
        evidence: tuple[Evidence, ...] = ()
        for event in self.retrieve(question, history, scope):
            evidence = event.evidence if isinstance(event, Reranked) else evidence
            yield event
        match case.expected_action:
            case Action.RETRIEVE:
                yield from self._answered(case, evidence)
            case Action.CLARIFY:
                yield from _spoken("哪一个？", Outcome.CLARIFY)
            case Action.ABSTAIN:
                yield from _spoken("没有找到。", Outcome.ABSTAINED)
            case _:
                yield from _spoken("你好！", Outcome.REPLIED)

    def _answered(self, case: Case, evidence: Sequence[Evidence]) -> Stream:
        sentences: list[Sentence] = []
        text = ""
        for group in case.groups:
            source = next((item for item in evidence if contains_any(item.chunk.text, group)), evidence[0])
            said = source.chunk.text
            citation = Citation(source.marker, source.chunk.id, source.chunk.document_id, said, 0, len(said), Verdict.SUPPORTED)
            piece = f"{said}[{source.marker}]"
            sentences.append(Sentence(said, len(text), len(text) + len(piece), (citation,), Verdict.SUPPORTED))
            text += piece
            yield Token(piece)
            yield SentenceChecked(sentences[-1])
        citations = tuple(citation for sentence in sentences for citation in sentence.citations)
        yield Answered(Answer(text, tuple(sentences), citations, Outcome.ANSWERED))


class Empty:
    """Searches for nothing, and fails or says nothing: the worst."""

    def __init__(self, documents: Sequence[Document], *, fail: bool = False) -> None:
        self.catalogue = FloorCatalogue(documents)
        self._fail = fail

    def retrieve(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Stream:
        yield Planned(Plan(Action.RETRIEVE, (question,), round=1, question=question))
        if self._fail:
            raise RuntimeError("out of order")
        for stage in (Stage.SPARSE, Stage.DENSE, Stage.FUSED):
            yield Retrieved(question, stage, ())
        yield Reranked((), ())

    def answer(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Stream:
        yield from self.retrieve(question, history, scope)
        yield from _spoken("不。", Outcome.ANSWERED)


def _spoken(text: str, outcome: Outcome) -> Stream:
    sentence = Sentence(text, 0, len(text), (), Verdict.UNSUPPORTED)
    yield Token(text)
    yield SentenceChecked(sentence)
    yield Answered(Answer(text, (sentence,) if outcome is Outcome.ANSWERED else (), (), outcome))


DOCUMENTS = [
    make_document("人口", "甲市位于江南。甲市有七百四十万人。"),
    make_document("面积", "乙市面积为1200平方公里，地势平坦。"),
    make_document("history", "The bridge was opened in 1932. It took eight years to build."),
]

CASES = [
    Case("1", "toy", "甲市有多少人？", type="factoid", answers=("740万",), gold=("人口",), expected_action=Action.RETRIEVE),
    Case("2", "toy", "乙市多大？", type="factoid", answers=("1200平方公里",), gold=("面积",), expected_action=Action.RETRIEVE),
    Case("3", "toy", "When was the bridge opened?", type="factoid", language="en", answers=("1932",), gold=("history",), expected_action=Action.RETRIEVE),
    Case("4", "toy", "甲市和乙市的人口和面积？", type="multi_hop", answer_groups=(("740万",), ("1200平方公里",)),
         gold=("人口", "面积"), gold_groups=(("人口",), ("面积",)), expected_action=Action.RETRIEVE),
    Case("5", "toy", "丙市的市长是谁？", type="unanswerable", expected_action=Action.ABSTAIN),
    Case("6", "toy", "你好", type="chitchat", expected_action=Action.REPLY),
    Case("7", "toy", "那个多大？", type="ambiguous", expected_action=Action.CLARIFY),
]  # fmt: skip


def make_trace(case: Case, answer: Answer | None = None, **values: object) -> Trace:
    """A trace with the case's gold as its target."""
    return Trace(case=case, target=Target(gold=case.gold, groups=case.gold_groups, cluster=case.key), answer=answer, **values)  # type: ignore[arg-type]


def write_set(folder: Path, size: int) -> None:
    """A set of ``size`` bridges and a question about the length of each."""
    facts = [f"第{number}号桥长{number * 7 + 100}米，由{chr(0x4E00 + number)}氏建造。" * 30 for number in range(size)]
    (folder / "corpus.jsonl").write_text(
        "".join(json.dumps({"id": f"d{n}", "title": f"桥{n}", "text": text}, ensure_ascii=False) + "\n" for n, text in enumerate(facts)), encoding="utf-8"
    )
    rows = [{"id": f"q{n}", "question": f"第{n}号桥有多长？", "answers": [f"{n * 7 + 100}米"], "gold": [f"d{n}"]} for n in range(size)]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
