from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.cases import Case
from eval.metrics.retrieval import document_ranking, document_values, retrieval_values, stage_values
from eval.trace import Retrieval, Target, Trace
from rag.types import Chunk, Stage

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text(encoding="utf-8"))


def chunk(name: str, document: str, start: int = 0, text: str = "") -> Chunk:
    return Chunk(name, document, document, "", text, start, start + (len(text) or 100))


@pytest.mark.parametrize("tool", ["ir_measures", "ranx"])
def test_figures_are_those_of_other_tools_ties_too(tool: str) -> None:
    compared = 0
    for name, query in GOLDEN["queries"].items():
        chunks = {document: chunk(document, document) for document in query["scores"]}
        ranking = tuple(sorted(query["scores"].items(), key=lambda entry: (-entry[1], entry[0])))
        ours = document_values(document_ranking(ranking, query["gold"], chunks), query["gold"])
        for metric, value in GOLDEN["values"][tool][name].items():
            assert ours[metric] == pytest.approx(value, abs=1e-6), f"{name} {metric}"
            compared += 1
    assert compared >= 240


def test_documents_count_at_their_first_chunk() -> None:
    chunks = {name: chunk(name, document) for name, document in (("a1", "a"), ("a2", "a"), ("b1", "b"))}
    ranking = (("a1", 3.0), ("a2", 2.0), ("b1", 1.0))
    assert document_ranking(ranking, ["b"], chunks) == ["a", "b"]
    assert document_ranking(ranking, ["a2"], chunks) == ["a", "a2", "b"]


def test_a_quote_is_found_once_half_of_it_is_covered_whatever_the_chunks() -> None:
    target = Target(spans=((("d", 90, 130),), (("d", 300, 320), ("e", 0, 20))))
    trace = Trace(Case("1", "s", "q"), target)
    small = {"x": chunk("x", "d", 0), "y": chunk("y", "d", 100), "z": chunk("z", "e", 0)}
    values = stage_values((("x", 3.0), ("y", 2.0), ("z", 1.0)), trace, small)
    assert (values["evidence_any@1"], values["evidence_any@3"], values["evidence_all@3"]) == (0.0, 1.0, 1.0)
    whole = {"d": chunk("d", "d", 0, "字" * 400)}
    assert stage_values((("d", 1.0),), trace, whole)["evidence_all@1"] == 1.0


def test_every_group_must_be_found() -> None:
    trace = Trace(Case("1", "s", "q"), Target(gold=("a", "b"), groups=(("a", "c"), ("b",))))
    chunks = {name: chunk(name, name) for name in "abcde"}
    values = stage_values((("c", 3.0), ("d", 2.0), ("b", 1.0)), trace, chunks)
    assert (values["groups_all@1"], values["groups_all@3"], values["hit@1"], values["recall@5"]) == (0.0, 1.0, 0.0, 0.5)


def test_stages_are_scored_apart_and_several_queries_are_taken_in_turns() -> None:
    chunks = {name: chunk(name, name) for name in "abcd"}
    retrievals = (
        Retrieval(1, "q1", Stage.SPARSE, (("c", 9.0), ("d", 8.0))),
        Retrieval(1, "q2", Stage.SPARSE, (("a", 1.0),)),
        Retrieval(1, "", Stage.RERANKED, (("d", 1.0),)),
        Retrieval(2, "", Stage.RERANKED, (("a", 1.0), ("d", 0.5))),
    )
    trace = Trace(Case("1", "s", "q"), Target(gold=("a",)), retrievals=retrievals)
    assert trace.ranking(Stage.SPARSE) == (("c", 9.0), ("a", 1.0), ("d", 8.0))
    values = retrieval_values(trace, chunks)
    assert values["retrieval.sparse.mrr@10"] == 0.5
    assert values["retrieval.reranked.hit@1"] == 1.0
    assert "retrieval.dense.hit@1" not in values


def test_a_question_that_was_not_searched_for_counts_as_a_miss_at_every_stage() -> None:
    values = retrieval_values(Trace(Case("1", "s", "q"), Target(gold=("a",))), {})
    assert {values[f"retrieval.{stage.value}.hit@10"] for stage in Stage} == {0.0}


def test_answer_strings_are_looked_for_in_the_passages() -> None:
    chunks = {"a": chunk("a", "a", text="2012年"), "b": chunk("b", "b", text="共12人")}
    trace = Trace(Case("1", "s", "q", answers=("12人",)), Target())
    values = stage_values((("a", 2.0), ("b", 1.0)), trace, chunks)
    assert (values["answer_hit@1"], values["answer_hit@3"]) == (0.0, 1.0)
