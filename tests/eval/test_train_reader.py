"""Training the joint reader: the texts it is trained on, what is drawn from them, and that it learns."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from eval import examples as made
from eval import train_reader
from eval.errors import EvaluationError
from eval.examples import Question, examples, public, written
from eval.train_reader import drawn, report, train
from eval.training_texts import read_texts
from rag.retrieval.joint_reader import FILE, WIDTH, load
from tests.fakes import HashEmbedder

TEXTS = Path(train_reader.__file__).with_name("training")

LODGING = """### DOC lodging
# 青藤公寓
## 访客
访客最晚可停留至晚间十点。
## 费用
入住时收取保证金六百元，退房后七天之内退还。

### QS
Q: 押金多久退
A: 七天内
E: 退房后七天之内退还
Q: 物业费多少
N

### DOC pets
不得饲养猫狗。
### QS
Q: 能养狗吗
A: 不能
E: 不得饲养猫狗。
"""


def test_documents_and_their_questions_are_read(tmp_path: Path) -> None:
    file = tmp_path / "texts.txt"
    file.write_text(LODGING, encoding="utf-8")
    lodging, pets = read_texts(file)
    assert lodging.text.startswith("# 青藤公寓\n## 访客")
    assert lodging.text.endswith("退还。")
    assert [(one.question, one.answer, one.evidence) for one in lodging.asked] == [
        ("押金多久退", "七天内", ["退房后七天之内退还"]),
        ("物业费多少", "", []),
    ]
    assert (pets.name, pets.text) == ("pets", "不得饲养猫狗。")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (LODGING.replace("E: 不得饲养猫狗。", "E: 可以养猫。"), r"texts\.txt:20: not in the document pets: 可以养猫。"),
        (LODGING.replace("A: 不能", "答：不能"), r"texts\.txt:19: neither Q:, A:, E: nor N: 答：不能"),
        (LODGING.replace("Q: 能养狗吗\n", ""), r"texts\.txt:18: A before the first question"),
        (LODGING + "N\n", r"texts\.txt:21: a question that is not answered has evidence"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, broken: str, said: str) -> None:
    file = tmp_path / "texts.txt"
    file.write_text(broken, encoding="utf-8")
    with pytest.raises(EvaluationError, match=said):
        read_texts(file)


def test_the_texts_that_are_trained_on_are_sound() -> None:
    read = [text for path in sorted(TEXTS.glob("*.txt")) for text in read_texts(path)]
    assert len(read) > 600
    assert len({text.name for text in read}) == len(read)
    asked = [one for text in read for one in text.asked]
    assert 0.2 < sum(not one.evidence for one in asked) / len(asked) < 0.4
    assert all(one.answer for one in asked if one.evidence)


def test_the_stretches_that_answer_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "CACHE", tmp_path / "cache")
    file = tmp_path / "texts.txt"
    file.write_text(LODGING, encoding="utf-8")
    corpus, questions = written(file)
    found = {question.text: group for question, group in examples(corpus, questions, HashEmbedder())}
    assert [one.spots != [] for one in sorted(found["押金多久退"], key=lambda one: not one.spots)].count(True) == 1
    assert not any(one.spots for one in found["物业费多少"])
    (good,) = [one for one in found["押金多久退"] if one.spots]
    ((start, end),) = good.spots
    assert end - start == len("退房后七天之内退还")


def test_a_public_set_says_what_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "CACHE", tmp_path / "cache")
    folder = tmp_path / "some_set"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text(
        '{"id": "a", "title": "熊猫", "text": "熊猫住在四川。熊猫吃竹子。"}\n{"id": "b", "title": "", "text": "四川也有火锅。"}\n'
        '{"id": "c", "title": "", "text": "长城很长。"}\n',
        encoding="utf-8",
    )
    (folder / "queries.jsonl").write_text(
        '{"id": "1", "question": "熊猫住在哪里", "answers": ["四川"], "gold": ["a"]}\n'
        '{"id": "2", "question": "它多长", "answers": ["很长"], "gold": ["c"], "ctxdep": true}\n',
        encoding="utf-8",
    )
    corpus, questions = public(folder, 10)
    assert [question.text for question in questions] == ["熊猫住在哪里"]
    ((_, group),) = examples(corpus, questions, HashEmbedder())
    # The passage of b holds the answer's words, but whether it answers is not known: it is left out.
    assert sorted(list(one.spots) for one in group) == [[], [(0, 7)]]


def test_a_document_of_five_is_held_back() -> None:
    held = [Question("", f"document {number}", {}, {}).held_back for number in range(500)]
    assert 60 < sum(held) < 140


def test_training_finds_the_passage_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(train_reader, "INNER", 16)
    monkeypatch.setattr(train_reader, "_WARM", 5)
    import torch

    torch.manual_seed(1)
    file = tmp_path / "texts.txt"
    file.write_text(LODGING, encoding="utf-8")
    corpus, questions = written(file)
    groups = [group for _, group in examples(corpus, questions, HashEmbedder())]
    assert all(0 < len(drawn(group, random.Random(0))) <= 4 for group in groups)
    weights = train(groups * 12, 8, random.Random(0))
    line = report("texts", groups, weights)
    assert "n=3" in line
    assert "area 1.000" in line
    assert "by reading 1.000" in line


def test_the_weights_that_are_shipped_are_for_the_built_in_encoder() -> None:
    weights = load(FILE, WIDTH)
    assert len(weights["norm.weight"]) == train_reader.INNER
    assert FILE.stat().st_size < 1_500_000
