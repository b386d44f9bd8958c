"""The units of a question and what they weigh."""

from __future__ import annotations

from rag.answering.asked import Unit, asked

CHUNKS = 100


def units(question: str, **known: int) -> dict[str, Unit]:
    return {unit.text: unit for unit in asked(question, lambda text: known.get(text, 0), CHUNKS)}


def test_a_pair_across_two_words_that_no_document_has_is_left_out() -> None:
    found = units("忘打卡了，一个月最多让补几回")
    assert "打卡" in found
    assert not {"忘打", "月最", "多让", "让补", "补几"} & found.keys()


def test_a_pair_across_two_words_that_documents_have_counts_in_part() -> None:
    found = units("供应商打分", 应商=3, 商打=3, 打分=3)
    assert found["商打"].weight < found["应商"].weight


def test_a_rare_word_weighs_more_than_a_common_one_and_a_noun_more_than_a_verb() -> None:
    rare, common = units("显卡"), units("显卡", 显卡=50)
    assert rare["显卡"].weight > common["显卡"].weight
    found = units("芯片烧掉")
    assert found["芯片"].weight > found["烧掉"].weight


def test_latin_words_and_numbers_keep_their_weight() -> None:
    found = units("QLoRA 用 4090 训", 训=1)
    assert found["qlora"].weight == found["4090"].weight > found["训"].weight


def test_units_stand_where_the_question_has_them() -> None:
    question = "ＩＴ服务台的分机"
    for unit in asked(question, lambda text: 1, CHUNKS):
        assert len(question[unit.start : unit.end]) == len(unit.text)
        assert unit.text.isascii() or question[unit.start : unit.end] == unit.text


def test_where_nothing_else_is_left_the_pairs_across_words_stand_in() -> None:
    assert asked("", lambda text: 0, CHUNKS) == ()
    assert units("谁批")


def test_a_noun_that_says_what_kind_of_thing_is_asked_for_counts_little_where_no_document_has_it() -> None:
    def weight(known: int) -> float:
        counts = {"型号": 3, "类型": known}
        return next(unit.weight for unit in asked("型号是什么类型", lambda text: counts.get(text, 0), 400) if unit.text == "类型")

    assert weight(0) < weight(1) / 2
    assert weight(1) > weight(9)
