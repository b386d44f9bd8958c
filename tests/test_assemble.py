"""Which judge stands behind the checker of an assembled engine, what is made ready for a local model, and what becomes of a
setting that cannot be met."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.assemble import open_engine, open_judge
from rag.build import build
from rag.config import Settings
from rag.engine import Engine
from rag.errors import ConfigError, ModelUnavailable
from rag.events import Answered
from rag.interfaces import Piece
from rag.types import Outcome, Verdict
from tests.fakes import HashEmbedder, ScriptedModel
from tests.retrieval.tiny_models import write_cross_encoder

QUESTION = "市图书馆新馆有多少个座位？"
WRITTEN = "市图书馆新馆的座位共有1200个。[1]"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    text = "# 市图书馆新馆\n\n市图书馆新馆于2023年9月开放，共有座位1200个。新馆每周一闭馆。\n"
    (tmp_path / "library.md").write_text(text, encoding="utf-8")
    made = Settings.load({}, sources=(tmp_path / "library.md",), index_dir=tmp_path / "index", llm_planner=False, evidence_floor=0.0)
    build(made, embedder=HashEmbedder())
    return made


def opened(settings: Settings, judge: str, model: ScriptedModel | None = None) -> Engine:
    return open_engine(settings.model_copy(update={"judge": judge}), embedder=HashEmbedder(), model=model).engine


def verdict_of(engine: Engine) -> Verdict:
    *_, last = engine.answer(QUESTION)
    assert isinstance(last, Answered)
    (sentence,) = last.answer.sentences
    return sentence.verdict


def test_rules_judge_unless_told_otherwise(settings: Settings) -> None:
    model = ScriptedModel({"verdict": "contradiction"}, pieces=(WRITTEN,))
    assert verdict_of(opened(settings, settings.judge, model)) is Verdict.SUPPORTED
    assert len(model.asked) == 1


def test_the_language_model_judges_what_it_wrote(settings: Settings) -> None:
    model = ScriptedModel({"verdict": "contradiction"}, pieces=(WRITTEN,))
    assert verdict_of(opened(settings, "llm", model)) is Verdict.CONFLICTING
    assert len(model.asked) == 2


def test_a_language_model_that_fails_as_judge_is_left_alone_for_a_while(settings: Settings) -> None:
    model = ScriptedModel(ModelUnavailable("gone"), pieces=(WRITTEN,))
    engine = opened(settings, "llm", model)
    assert [verdict_of(engine) for _ in range(3)] == [Verdict.SUPPORTED] * 3
    assert len(model.asked) == 3 + 1


def test_a_language_model_as_judge_needs_a_language_model(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="RAG_JUDGE=llm needs a language model"):
        opened(settings, "llm")


@pytest.mark.encoder
def test_an_entailment_model_judges(settings: Settings, tmp_path: Path) -> None:
    names = ("contradiction", "entailment", "neutral")
    folder = write_cross_encoder(tmp_path / "nli", names=names, favoured="neutral")
    assert verdict_of(opened(settings, str(folder), ScriptedModel(pieces=(WRITTEN,)))) is Verdict.PARTLY


@pytest.mark.encoder
def test_an_entailment_model_that_is_not_there_is_found_out_at_once(settings: Settings) -> None:
    with pytest.raises(ModelUnavailable, match="RAG_JUDGE"):
        opened(settings, "/no/such/model")


def test_a_local_model_reads_its_rules_before_the_first_question_and_gives_way_when_it_has_no_answer(settings: Settings) -> None:
    model = ScriptedModel(pieces=("资料中没有提到。",))
    made = open_engine(settings.model_copy(update={"llm": "local", "writer": "llm"}), embedder=HashEmbedder(), model=model)
    made.warm()
    ((rules, _),) = model.asked
    *_, last = made.engine.answer(QUESTION)
    assert isinstance(last, Answered)
    assert model.asked[-1][0] == rules
    assert "1200" in last.answer.text and last.answer.model == ""


def test_pairs_are_judged_as_the_settings_say() -> None:
    claim, premise = "新馆有1200个座位。", "新馆共有座位1200个。"
    asked = {"llm": ScriptedModel({"verdict": "contradiction"}), "local": ScriptedModel(pieces=(Piece("否", [1.0]),))}
    assert open_judge(Settings.load({}))(claim, premise) is Verdict.SUPPORTED
    assert open_judge(Settings.load({}, judge="llm"), asked["llm"])(claim, premise) is Verdict.CONFLICTING
    assert open_judge(Settings.load({}, judge="llm", llm="local"), asked["local"])(claim, premise) is Verdict.PARTLY
    assert [len(model.asked) for model in asked.values()] == [1, 1]


@pytest.mark.parametrize(("llm", "sufficiency", "writer", "reads"), [
    ("local", "auto", "auto", True), ("local", "rules", "auto", False), ("local", "auto", "llm", False), ("local", "llm", "llm", True),
    ("openai", "auto", "auto", False), ("openai", "llm", "auto", True),
])  # fmt: skip
def test_who_judges_whether_the_evidence_answers(llm: str, sufficiency: str, writer: str, reads: bool) -> None:
    assert Settings.load({}, llm=llm, sufficiency=sufficiency, writer=writer).reads is reads


@pytest.mark.parametrize(("word", "outcome"), [("无", Outcome.ABSTAINED), ("1200", Outcome.ANSWERED)])
def test_a_local_model_has_a_say_in_whether_the_evidence_answers_and_leaves_the_words_to_the_documents(
    settings: Settings, word: str, outcome: Outcome
) -> None:
    model = ScriptedModel(pieces=(Piece(word, [1.0] * len(word)),))
    made = open_engine(settings.model_copy(update={"llm": "local"}), embedder=HashEmbedder(), model=model)
    *_, last = made.engine.answer(QUESTION)
    assert isinstance(last, Answered)
    assert last.answer.outcome is outcome
    assert (last.answer.model, len(model.asked)) == ("", 1)
    made.warm()
    assert [messages[0].content[:10] for messages in model.asked[1:]] == ["从资料里找出问题的答"]


@pytest.mark.parametrize(("llm", "writer", "writes"), [
    ("local", "auto", False), ("local", "llm", True), ("openai", "auto", True), ("openai", "quotes", False),
])  # fmt: skip
def test_who_writes(llm: str, writer: str, writes: bool) -> None:
    assert Settings.load({}, llm=llm, writer=writer).writes is writes
