"""Events as JSON: names, exact keys, and the way back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.serialise import answer_from_dict, answer_to_dict, event_to_dict, turns_from_list
from rag.types import (
    Action,
    Answer,
    Chunk,
    Citation,
    Conflict,
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

_CHUNK = Chunk("d#1", "d.md", "题", "甲 › 乙", "正文。", 3, 6)
_HIT = Hit(_CHUNK, 0.5, 1, Stage.FUSED)
_CITATION = Citation(2, "d#1", "d.md", "正文", 3, 5, Verdict.PARTLY)
_SENTENCE = Sentence("正文是。", 0, 7, (_CITATION,), Verdict.PARTLY)
_ANSWER = Answer("正文是。[2]", (_SENTENCE,), (_CITATION,), Outcome.PARTIAL, missing=("价格",), conflicts=(Conflict("价格", _CITATION, _CITATION),), model="m", recalled="七")
_HIT_DICT = {"rank": 1, "score": 0.5, "stage": "fused", "chunk_id": "d#1", "document_id": "d.md", "section": "甲 › 乙", "start": 3, "end": 6}
_CITATION_DICT = {"marker": 2, "chunk_id": "d#1", "document_id": "d.md", "quote": "正文", "start": 3, "end": 5, "verdict": "partly supported"}
_PLAN_DICT = {
    "action": "retrieve", "queries": ["q"], "scope": {"document_ids": ["d.md"], "sections": [], "strict": True},
    "form": "prose", "reason": "default", "round": 1, "subject": "", "options": [], "parts": [], "missing": [], "question": "q?", "following": 0, "close": False,
}
_EVIDENCE_DICT = {
    "marker": 2, "score": 0.9, "chunk_id": "d#1", "document_id": "d.md", "title": "题", "section": "甲 › 乙", "start": 3,
    "end": 6, "text": "正文。",
}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            Planned(Plan(Action.RETRIEVE, ("q",), Scope(("d.md",), strict=True), reason="default", round=1, question="q?")),
            {"event": "planned", **_PLAN_DICT},
        ),
        (Retrieved("q", Stage.FUSED, (_HIT,)), {"event": "retrieved", "query": "q", "stage": "fused", "hits": [_HIT_DICT]}),
        (
            Reranked((_HIT,), (Evidence(2, _CHUNK, 0.9),)),
            {"event": "reranked", "hits": [_HIT_DICT], "evidence": [_EVIDENCE_DICT]},
        ),
        (Token("正"), {"event": "token", "text": "正"}),
        (
            SentenceChecked(_SENTENCE),
            {"event": "sentence_checked", "text": "正文是。", "start": 0, "end": 7, "citations": [_CITATION_DICT], "verdict": "partly supported"},
        ),
    ],
)
def test_event_becomes_a_flat_dictionary(event: Event, expected: dict[str, object]) -> None:
    assert event_to_dict(event) == expected


def test_answered_carries_the_whole_answer_and_comes_back_from_json() -> None:
    written = json.loads(json.dumps(event_to_dict(Answered(_ANSWER)), ensure_ascii=False))
    assert written["event"] == "answered"
    assert written["citations"] == [_CITATION_DICT]
    assert written["outcome"] == "partial"
    assert answer_from_dict(written) == _ANSWER


@given(st.text(), st.sampled_from(Outcome), st.lists(st.text()).map(tuple), st.lists(st.text()).map(tuple))
def test_answers_survive_the_round_trip(
    text: str, outcome: Outcome, options: tuple[str, ...], nearest: tuple[str, ...]
) -> None:
    answer = Answer(text, (_SENTENCE,), (_CITATION, _CITATION), outcome, options=options, nearest=nearest)
    assert answer_from_dict(json.loads(json.dumps(answer_to_dict(answer)))) == answer


def test_an_answer_kept_before_it_could_be_objected_to_is_read() -> None:
    kept = answer_to_dict(_ANSWER)
    del kept["recalled"]
    assert answer_from_dict(kept) == replace(_ANSWER, recalled="")


def test_unknown_verdict_is_refused() -> None:
    with pytest.raises(ValueError, match="maybe"):
        answer_from_dict(answer_to_dict(_ANSWER) | {"outcome": "maybe"})


def test_history_is_read() -> None:
    turns = turns_from_list([{"role": "user", "text": "谁？"}, {"role": "assistant", "text": "他。"}])
    assert turns == (Turn("user", "谁？"), Turn("assistant", "他。"))


@pytest.mark.parametrize("value", ["x", [1], [{"role": "system", "text": "x"}], [{"role": "user", "text": 3}], [{"role": "user"}]])
def test_malformed_history_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="history"):
        turns_from_list(value)
