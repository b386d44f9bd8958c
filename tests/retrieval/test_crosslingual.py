from __future__ import annotations

import threading

import numpy as np
import pytest

from rag.interfaces import Vector
from rag.retrieval import crosslingual
from rag.retrieval.crosslingual import UniversalSentenceMatcher, pieces


class Letters:
    """Encodes a text as the letters a to d that it holds; keeps the texts it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: list[str]) -> Vector:
        self.asked += texts
        vectors = np.array([[letter in text for letter in "abcd"] for text in texts], dtype=np.float32)
        unit: Vector = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
        return unit


def test_a_text_is_as_near_as_its_nearest_sentence() -> None:
    matcher = UniversalSentenceMatcher(Letters())
    far, near = f"{'c' * 30}。", f"{'a' * 30}。{'d' * 30}。"
    assert matcher("a", [far, near, ""]).tolist() == [0.0, 1.0, 0.0]
    assert matcher("a", []).shape == (0,)


def test_a_sentence_is_encoded_once_while_it_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crosslingual, "_KEPT", 3)
    encode = Letters()
    matcher = UniversalSentenceMatcher(encode)
    for texts in (["b"], ["b", "c"], ["b"]):
        matcher("a", texts)
    assert encode.asked == ["a", "b", "c"]
    matcher("d", ["a"])
    matcher("d", ["c"])
    assert encode.asked == ["a", "b", "c", "d", "c"]


def test_short_sentences_are_read_with_the_next_one() -> None:
    long = "这是一句足够长的话，长得可以单独成为一段。"
    assert pieces(f"{long}短。再短。") == [long, "短。再短。"]
    assert pieces(f"好。{long}") == [f"好。{long}"]
    assert pieces("") == [""]


@pytest.mark.encoder
def test_with_the_real_encoder_a_question_is_nearest_to_what_answers_it_in_the_other_language() -> None:
    matcher = UniversalSentenceMatcher()
    passages = ["长城全长21196公里，明朝修筑了今天看到的大部分。", "大熊猫主要生活在四川的竹林里，每天吃掉十二公斤竹子。", "龙井茶产于杭州西湖一带。\ud800"]
    found: dict[str, Vector] = {}
    questions = ("How long is the Great Wall?", "How much bamboo does a giant panda eat every day?")

    def ask(question: str) -> None:
        found[question] = matcher(question, passages)

    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [int(found[question].argmax()) for question in questions] == [0, 1]
