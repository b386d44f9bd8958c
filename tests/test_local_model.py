"""The local model: clear words when something is missing, and the real thing where a model is installed."""

from __future__ import annotations

import sys
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from rag.answering.reader import NullReader
from rag.answering.word_judge import WordJudge
from rag.config import Settings
from rag.errors import ModelUnavailable
from rag.interfaces import Message
from rag.local_model import LocalModel
from rag.models import MODELS, installed
from rag.types import Verdict
from tests.answering.planning import passage

ASK = [Message("system", "只回答数字。"), Message("user", "资料：新馆有70个座位。问题：新馆有多少个座位？")]
SCHEMA = {
    "type": "object",
    "properties": {"action": {"type": "string", "enum": ["reply", "retrieve"]}},
    "required": ["action"],
}


def test_a_missing_file_says_how_to_install_it(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    with pytest.raises(ModelUnavailable, match="rag model install"):
        list(LocalModel(tmp_path / "none.gguf").stream(ASK))


def test_a_missing_package_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ModelUnavailable, match=r"zhiju\[local\]"):
        LocalModel(tmp_path / "none.gguf").start()


def test_the_name_is_that_of_the_file_unless_given() -> None:
    assert LocalModel(Path("a/b.gguf")).name == "b"
    assert LocalModel(Path("a/b.gguf"), name="c").name == "c"


@pytest.mark.slow
def test_an_installed_model_answers_and_decides() -> None:
    cache = Settings.load({}).cache_dir
    path = next((found for name in MODELS if (found := installed(name, cache))), None)
    if path is None:
        pytest.skip("no local model is installed: python -m rag model install qwen2.5-coder-0.5b")
    local = LocalModel(path)
    try:
        assert "70" in "".join(local.stream(ASK, max_tokens=30))
        assert local.decide([Message("user", "你好")], SCHEMA)["action"] in ("reply", "retrieve")
        strange = {"messages": [{"role": "user", "content": "你好"}], "max_tokens": 1}
        assert httpx.post(f"{local.start()}/v1/chat/completions", json=strange, trust_env=False).status_code == HTTPStatus.UNAUTHORIZED
    finally:
        local.close()


@pytest.mark.slow
def test_an_installed_model_judges_by_one_word_and_says_how_sure_it_is() -> None:
    path = installed("qwen2.5-coder-1.5b", Settings.load({}).cache_dir)
    if path is None:
        pytest.skip("the local model is not installed: python -m rag model install qwen2.5-coder-1.5b")
    local = LocalModel(path, logprobs=True)
    judge, premise = WordJudge(local), "新馆由陈岚设计，2019年动工，2021年落成，馆内共有70个座位。"
    try:
        built, other = judge.log_odds("新馆2021年建成。", premise), judge.log_odds("新馆由谁出资？市政府", premise)
        assert built is not None and other is not None and built > other
        assert abs(built) not in (2.0, 12.0)  # a probability was told
        assert judge.judge("设计新馆的是陈岚。", premise) is Verdict.SUPPORTED
        assert judge.judge("新馆由王海出资修建。", premise) is Verdict.UNSUPPORTED
    finally:
        local.close()


@pytest.mark.slow
def test_an_installed_model_tells_whether_passages_answer() -> None:
    path = installed("qwen2.5-coder-1.5b", Settings.load({}).cache_dir)
    if path is None:
        pytest.skip("the local model is not installed: python -m rag model install qwen2.5-coder-1.5b")
    local = LocalModel(path, logprobs=True)
    reader, shown = NullReader(local, budget=340), [passage("新馆由陈岚设计，2019年动工，2021年落成，馆内共有70个座位。")]
    try:
        told, untold = reader.log_odds("新馆由谁设计？", shown), reader.log_odds("新馆一共花了多少钱？", shown)
        assert told is not None and untold is not None and told > untold
        assert told not in (2.0, 7.0)  # a probability was told
    finally:
        local.close()
