from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.cases import Case, Kind, Quote
from eval.errors import CasesError, EvaluationError
from eval.reading import expand, read_cases, set_name
from rag.types import Action, Turn


def write(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows), encoding="utf-8")
    return path


def test_only_a_question_is_needed(tmp_path: Path) -> None:
    cases = read_cases(write(tmp_path / "own.jsonl", {"question": "谁？"})).cases
    assert (cases[0].question, cases[0].set, cases[0].expected_action, cases[0].groups) == ("谁？", "own", None, ())
    assert cases[0].id


def test_chinese_headers_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "题.csv"
    path.write_text(
        '编号,问题,答案,出处,原文,类型,历史,预期动作\r\n'
        '7,"它多大,大概？","740万|七百四十万",人口.txt,"甲市有七百四十万人",followup,"用户：甲市呢|助手：在江南",检索\r\n'
        ',你好,,,,,,直接回答\r\n',
        encoding="utf-8-sig",
    )
    first, second = read_cases(path).cases
    assert first == Case(
        "7", "题", "它多大,大概？", type="followup", language="zh", answers=("740万", "七百四十万"), gold=("人口.txt",),
        evidence=(Quote("人口.txt", "甲市有七百四十万人"),), history=(Turn("user", "甲市呢"), Turn("assistant", "在江南")),
        expected_action=Action.RETRIEVE, line=2,
    )  # fmt: skip
    assert (second.question, second.expected_action) == ("你好", Action.REPLY)


def test_csv_saved_by_a_chinese_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "gb.csv"
    path.write_bytes("问题;答案\n首都是哪里？;北京\n".encode("gb18030"))
    assert read_cases(path).cases[0].answers == ("北京",)


def test_all_broken_rows_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    path = write(
        tmp_path / "broken.jsonl",
        {"question": "好"},
        "{oops",
        {"answers": ["没有问题"]},
        "",
        {"question": "动作", "expected_action": "dance"},
        {"question": "历史", "history": [{"role": "nobody", "content": "x"}], "gold": 3},
        [1],
    )
    with pytest.raises(CasesError) as caught:
        read_cases(path)
    assert [fault.line for fault in caught.value.faults] == [2, 3, 5, 6, 6, 7]
    message = str(caught.value)
    assert "line 2: not JSON" in message
    assert "question is missing" in message
    assert "'dance' is none of retrieve" in message


def test_csv_faults_name_the_line_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.csv"
    path.write_text('问题,答案\n"两\n行",对\n一,二,三\n,空\n', encoding="utf-8")
    with pytest.raises(CasesError) as caught:
        read_cases(path)
    assert [(fault.line, fault.message[:8]) for fault in caught.value.faults] == [(4, "3 fields"), (5, "question")]


def test_a_repeated_id_names_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "twice.jsonl", {"id": "a", "question": "一"}, {"id": "a", "question": "二"})
    with pytest.raises(CasesError, match="line 2: the id 'a' stands on line 1 already"):
        read_cases(path)


@pytest.mark.parametrize(
    ("row", "action"),
    [
        ({"question": "q", "type": "unanswerable_far", "answers": ["don't know"]}, Action.ABSTAIN),
        ({"question": "q", "answers": [], "gold": []}, Action.ABSTAIN),
        ({"question": "q", "type": "underspecified", "answers": ["which?"]}, Action.CLARIFY),
        ({"question": "q", "gold": ["d"]}, Action.RETRIEVE),
        ({"question": "q", "answers": [], "gold": [], "expected_action": "direct"}, Action.REPLY),
        ({"question": "q"}, None),
    ],
)
def test_expected_action_follows_from_labels(tmp_path: Path, row: dict[str, object], action: Action | None) -> None:
    case = read_cases(write(tmp_path / "x.jsonl", row)).cases[0]
    assert case.expected_action is action
    assert not (action is Action.ABSTAIN and (case.answers or case.gold))


def test_pair_message_and_rewrite_sets_are_told_apart(tmp_path: Path) -> None:
    pairs = read_cases(write(tmp_path / "pairs.jsonl", {"id": "q-st", "claim": "c", "evidence": "e", "answer": "x", "label": "contradicted"}))
    assert (pairs.kind, pairs.cases[0].supported, pairs.cases[0].type) == (Kind.PAIR, False, "human_evidence_traditional")
    nli = read_cases(write(tmp_path / "nli.jsonl", {"premise": "p", "hypothesis": "h", "label": "entailment"}))
    assert (nli.cases[0].claim, nli.cases[0].premise, nli.cases[0].supported) == ("h", "p", True)
    messages = read_cases(write(tmp_path / "m.jsonl", {"question": "hi", "label": "no_retrieve", "source": "hand-written"}))
    assert (messages.kind, messages.cases[0].searches, messages.cases[0].slices, messages.cases[0].gold) == (Kind.MESSAGE, False, ("hand_written",), ())
    rewrites = read_cases(write(tmp_path / "r.jsonl", {"question": "it?", "rewrite": "the bridge?", "history": ["a", "b"]}))
    assert rewrites.kind is Kind.REWRITE


def test_sets_are_named_after_their_folders_and_find_their_corpus_and_hard_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "cmrc/mixed/queries.jsonl", {"id": "1", "question": "q"}, {"id": "2", "question": "r"})
    write(tmp_path / "cmrc/mixed/corpus.jsonl", {"id": "d", "text": "t"})
    (tmp_path / "cmrc/mixed/bm25_hard_ids.txt").write_text("2\n")
    write(tmp_path / "cmrc/queries_typo.jsonl", {"id": "1", "question": "q"})
    cases = read_cases(path)
    assert (cases.name, Path(cases.corpus).name) == ("cmrc_mixed", "corpus.jsonl")
    assert [case.slices for case in cases.cases] == [(), ("bm25_hard",)]
    assert [set_name(file) for file in expand([tmp_path / "cmrc"])] == ["cmrc_typo", "cmrc_mixed"]


def test_a_folder_without_cases_and_an_unknown_ending_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no case file"):
        expand([tmp_path])
    with pytest.raises(EvaluationError, match=r"\.xlsx is no case file"):
        read_cases(write(tmp_path / "a.xlsx", "x"))


def test_cases_survive_json() -> None:
    case = Case("1", "s", "q", history=(Turn("user", "a"),), answer_groups=(("x", "y"), ("z",)), evidence=(Quote("d", "t"),),
                expected_action=Action.CLARIFY, searches=False, slices=("bm25_hard",))  # fmt: skip
    assert Case.from_dict(json.loads(json.dumps(case.to_dict()))) == case
