"""The check of a sentence: verbatim spans, paraphrases, wrong numbers, names, roles, negation, other languages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.checker import RuleChecker, judge
from rag.types import Chunk, Evidence, Verdict
from tests.fakes import ScriptedScorer

TEXT = (
    "某公司于2019年在杭州发布了第三代芯片。该芯片采用7纳米工艺,功耗降低了30%。"
    "它目前还无法支持无线充电。训练共用了七百四十万机时。"
)
OTHER = "另一家公司的產品於二〇二一年推出，功耗為15瓦。"
ENGLISH = "The bridge was opened in 1932 by Jack Lang. It is 1,149 metres long."


def passage(marker: int, text: str, start: int = 100, section: str = "") -> Evidence:
    return Evidence(marker, Chunk(f"c{marker}", f"d{marker}", "产品手册", section, text, start, start + len(text)), 0.9)


EVIDENCE = [passage(1, TEXT), passage(2, OTHER), passage(3, ENGLISH)]


def check(sentence: str, hinted: Sequence[int] = (), question: str = "") -> tuple[Verdict, int, str]:
    found = RuleChecker().check(sentence, hinted, EVIDENCE, question)
    if not found:
        return Verdict.UNSUPPORTED, 0, ""
    return found[0].verdict, found[0].marker, found[0].span.text


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("该芯片采用7纳米工艺,功耗降低了30%。", "该芯片采用7纳米工艺,功耗降低了30%。"),
        ("该芯片采用 7 纳米工艺，功耗降低了３０％", "该芯片采用7纳米工艺,功耗降低了30%。"),
        ("**该晶片**"[2:-2].replace("该晶片", "功耗降低了30%"), "功耗降低了30%。"),
        ("另一家公司的产品于二〇二一年推出", "另一家公司的產品於二〇二一年推出"),
        ("the bridge was OPENED in 1932 by jack lang", "The bridge was opened in 1932 by Jack Lang."),
    ],
)
def test_verbatim_up_to_width_case_script_and_punctuation(sentence: str, quote: str) -> None:
    verdict, marker, text = check(sentence)
    assert verdict is Verdict.SUPPORTED
    assert text == quote
    assert text in EVIDENCE[marker - 1].chunk.text


@pytest.mark.parametrize(
    "sentence",
    [
        "该芯片的功耗降低了30%，用的是7纳米工艺。",
        "2019年，某公司在杭州发布第三代芯片。",
        "训练用了740万机时。",
        "The bridge opened in 1932.",
    ],
)
def test_paraphrases_are_supported(sentence: str) -> None:
    assert check(sentence)[0] is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "sentence",
    [
        "该芯片采用5纳米工艺，功耗降低了30%。",
        "某公司于2018年在杭州发布了第三代芯片。",
        "训练共用了七百四十机时。",
        "The bridge was opened in 1933 by Jack Lang.",
        "该芯片的功耗升高了30%。",
        "它目前支持无线充电。",
        "支持无线充电。",
    ],
)
def test_wrong_numbers_opposites_and_dropped_negations_are_not(sentence: str) -> None:
    assert check(sentence)[0] is not Verdict.SUPPORTED


@pytest.mark.parametrize("sentence", ["张伟发布了第三代芯片。", "香蕉富含钾元素。", "The opera house was built by Jørn Utzon."])
def test_what_the_passages_do_not_say_is_not(sentence: str) -> None:
    assert check(sentence)[0] not in (Verdict.SUPPORTED, Verdict.CONFLICTING)


def test_a_contradicted_number_is_conflicting() -> None:
    assert check("该芯片采用5纳米工艺，功耗降低了30%。")[0] is Verdict.CONFLICTING


def test_a_number_inside_a_longer_one_is_not_verbatim() -> None:
    assert check("019年")[0] is not Verdict.SUPPORTED
    assert check("149 metres")[0] is not Verdict.SUPPORTED


def test_of_two_passages_the_hinted_one_is_cited() -> None:
    both = [passage(1, "水在一百度沸腾。"), passage(2, "水在一百度沸腾。")]
    assert RuleChecker().check("水在一百度沸腾。", [2], both, "")[0].marker == 2
    assert RuleChecker().check("水在一百度沸腾。", [], both, "")[0].marker == 1


def test_a_wrong_hint_does_not_mislead() -> None:
    assert check("该芯片采用7纳米工艺。", hinted=[3])[1] == 1


def test_a_fragment_is_read_as_the_answer_to_the_question() -> None:
    assert check("杭州", question="某公司在哪个城市发布了第三代芯片？")[:2] == (Verdict.SUPPORTED, 1)


def test_reference_numbers_of_a_document_do_not_hinder_a_verbatim_match() -> None:
    evidence = [passage(1, "无偏水印方法 [1] 不影响质量,投机采样 [2,3] 加速推理。")]
    (support,) = RuleChecker().check("无偏水印方法不影响质量，投机采样加速推理。", [], evidence, "")
    assert support.verdict is Verdict.SUPPORTED
    assert support.span.text == evidence[0].chunk.text


def test_without_evidence_nothing_is_supported() -> None:
    assert RuleChecker().check("水在一百度沸腾。", [1], [], "") == []


@pytest.mark.parametrize(
    ("sentence", "verdict"), [("这座桥1932年通车。", Verdict.SUPPORTED), ("这座桥1940年通车。", None)]
)
def test_another_language_is_seen_by_the_scorer_but_numbers_must_agree(sentence: str, verdict: Verdict | None) -> None:
    across = ScriptedScorer(lambda span: 0.9 if "1932" in span else 0.1)
    found = RuleChecker(across).check(sentence, [], [EVIDENCE[2]], "")
    assert [support.verdict for support in found] == ([verdict] if verdict else [])


@pytest.mark.parametrize(
    ("claim", "evidence", "supported"),
    [
        ("李明是小城市集的创办人。", "李明是一位画家，也是小城市集的创办人。", True),
        ("小城市集的创办人是谁？ 答：李明", "李明是一位画家，也是小城市集的创办人。", True),
        ("小城市集的创办人是谁？ 答：王芳", "李明是一位画家，也是小城市集的创办人。", False),
        ("小城市集哪一年开业？ 答：2009年", "小城市集2008年开业，2011年扩建。", False),
        ("Who founded the town fair? Mary Lee", "Mary Lee, a painter, founded the town fair in 1999.", True),
        ("When was the town fair founded? 1998", "Mary Lee, a painter, founded the town fair in 1999.", False),
        ("What river runs through the town? Stone Bridge", "From the Stone Bridge one sees the Alder River, which runs through the town.", False),
    ],
)
def test_pairs_are_judged(claim: str, evidence: str, supported: bool) -> None:
    assert (judge(claim, evidence) is Verdict.SUPPORTED) is supported
