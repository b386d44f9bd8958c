from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.retrieval.prefixes import Prefixes, base_name, fingerprint, known_prefixes


@pytest.mark.parametrize(
    ("model", "query", "passage"),
    [
        ("intfloat/multilingual-e5-large", "query: ", "passage: "),
        ("/models/e5-base-v2/", "query: ", "passage: "),
        (r"C:\models\multilingual-e5-small", "query: ", "passage: "),
        ("BAAI/bge-large-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("BAAI/bge-m3", "", ""),
        ("thenlper/gte-large-zh", "", ""),
        ("some/model5", "", ""),
    ],
)
def test_families_get_the_prefixes_they_were_trained_with(model: str, query: str, passage: str) -> None:
    assert known_prefixes(model) == Prefixes(query, passage)


@pytest.mark.parametrize("model", ["Qwen/Qwen3-Embedding-0.6B", "intfloat/multilingual-e5-large-instruct"])
def test_instructed_families_get_an_instruction_before_the_query_only(model: str) -> None:
    query, passage = known_prefixes(model)
    assert query.startswith("Instruct: ")
    assert "Query:" in query
    assert passage == ""


def test_the_models_own_prompts_win(tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "q> ", "document": "d> "}}
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    assert known_prefixes("intfloat/multilingual-e5-small", tmp_path) == Prefixes("q> ", "d> ")


@pytest.mark.parametrize("content", ["{", '{"prompts": {"query": "", "document": ""}}', "[]", "{}"])
def test_prompts_that_say_nothing_leave_the_familys(tmp_path: Path, content: str) -> None:
    (tmp_path / "config_sentence_transformers.json").write_text(content)
    assert known_prefixes("intfloat/multilingual-e5-small", tmp_path) == Prefixes("query: ", "passage: ")


def test_the_last_part_of_a_path_is_the_name() -> None:
    assert base_name("a/b/c/") == base_name(r"a\b\c") == base_name("c") == "c"


def test_a_fingerprint_changes_with_files_sizes_and_settings_only(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"a": 1}')
    (tmp_path / "weights").write_bytes(b"1234")
    first = fingerprint(tmp_path, "query: ")
    assert first == fingerprint(tmp_path, "query: ")
    assert len(first) == 12
    assert fingerprint(tmp_path, "query:") != first
    (tmp_path / "weights").write_bytes(b"12345")
    second = fingerprint(tmp_path, "query: ")
    (tmp_path / "config.json").write_text('{"a": 2}')
    assert len({first, second, fingerprint(tmp_path, "query: ")}) == 3
