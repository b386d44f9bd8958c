"""ALCE's definitions worked by hand: a statement "supports" when its letters all stand in the cited texts."""

from __future__ import annotations

import pytest

from eval.cases import Case
from eval.metrics.citation import citation_values
from eval.trace import Target, Trace
from rag.types import Answer, Chunk, Citation, Outcome, Sentence, Verdict

PASSAGES = {name: Chunk(name, f"doc-{name}", "", "", text, 10, 10 + len(text)) for name, text in {"p": "ab", "q": "bc", "r": "xyz"}.items()}
MARKERS = {"p": 1, "q": 2, "r": 3}


def entails(claim: str, evidence: str) -> bool:
    return set(claim) <= set(evidence)


def cite(name: str, *, quote: str = "", start: int = 10) -> Citation:
    text = quote or PASSAGES[name].text
    return Citation(MARKERS[name], name, f"doc-{name}", text, start, start + len(text), Verdict.SUPPORTED)


def values_of(*statements: tuple[str, list[Citation]], text: str = "", target: Target | None = None) -> dict[str, float | None]:
    sentences = tuple(Sentence(said, 0, 0, tuple(citations), Verdict.SUPPORTED) for said, citations in statements)
    said = text or "".join(f"{claim}{''.join(f'[{c.marker}]' for c in citations)}" for claim, citations in statements)
    answer = Answer(said, sentences, tuple(c for _, cs in statements for c in cs), Outcome.ANSWERED)
    evidence = tuple((marker, name, 1.0) for name, marker in MARKERS.items())
    return citation_values(Trace(Case("1", "s", "q"), target or Target(), answer=answer, evidence=evidence), PASSAGES, entails)


def test_recall_is_the_share_of_statements_that_their_citations_support_together() -> None:
    values = values_of(("abc", [cite("p"), cite("q")]), ("ab", [cite("r")]), ("a", []), ("x", [cite("r")]))
    assert values["citation.recall"] == pytest.approx(2 / 4)
    assert values["citation.coverage"] == pytest.approx(3 / 4)


def test_both_citations_are_precise_when_neither_suffices_alone() -> None:
    assert values_of(("abc", [cite("p"), cite("q")]))["citation.precision"] == 1.0


def test_a_citation_is_irrelevant_when_it_supports_nothing_and_is_not_needed() -> None:
    values = values_of(("ab", [cite("p"), cite("r")]))
    assert values["citation.recall"] == 1.0
    assert values["citation.precision"] == pytest.approx(1 / 2)
    assert values["citation.over_citation"] == pytest.approx(1 / 2)


def test_two_that_each_suffice_are_precise_but_one_too_many_each() -> None:
    values = values_of(("b", [cite("p"), cite("q")]))
    assert values["citation.precision"] == 1.0
    assert values["citation.over_citation"] == 1.0


def test_no_citation_of_an_unsupported_statement_is_precise() -> None:
    values = values_of(("abz", [cite("p"), cite("q")]), ("z", [cite("r")]))
    assert values["citation.precision"] == pytest.approx(1 / 3)


def test_validity_is_the_share_of_markers_that_name_shown_evidence() -> None:
    assert values_of(("ab", [cite("p")]), text="ab[1][9]")["citation.validity"] == pytest.approx(1 / 2)
    assert values_of(("ab", []), text="ab")["citation.validity"] is None


def test_a_quote_is_exact_when_it_stands_at_its_offsets() -> None:
    assert values_of(("a", [cite("p", quote="b", start=11)]))["citation.quote_exact"] == 1.0
    assert values_of(("a", [cite("p", quote="b", start=10)]))["citation.quote_exact"] == 0.0
    assert values_of(("a", [cite("p", quote="b", start=5)]))["citation.quote_exact"] == 0.0


def test_gold_is_hit_by_span_where_there_is_one_else_by_document() -> None:
    inside, outside = Target(spans=((("doc-p", 11, 20),),)), Target(spans=((("doc-p", 12, 20),),))
    assert values_of(("a", [cite("p")]), target=inside)["citation.gold_hit"] == 1.0
    assert values_of(("a", [cite("p")]), target=outside)["citation.gold_hit"] == 0.0
    assert values_of(("a", [cite("p")]), target=Target(gold=("doc-q",)))["citation.gold_hit"] == 0.0


def test_an_answer_without_sentences_is_not_cited_and_a_refusal_is_not_judged() -> None:
    answered = Trace(Case("1", "s", "q"), answer=Answer("x", (), (), Outcome.ANSWERED))
    assert citation_values(answered, {}, entails) == {"citation.validity": None, "citation.recall": 0.0, "citation.coverage": 0.0}
    refused = Trace(Case("1", "s", "q"), answer=Answer("x", (), (), Outcome.ABSTAINED))
    assert citation_values(refused, {}, entails) == {}
