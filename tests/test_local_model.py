"""The local model: clear words when something is missing, and the real thing where a model is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rag.config import Settings
from rag.errors import ModelUnavailable
from rag.interfaces import Message
from rag.local_model import LocalModel
from rag.models import MODELS, installed

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
    finally:
        local.close()
