"""Chunks: exact slices, nothing lost, sections kept apart, lists and tables whole, linear time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.ingest.atoms import measure
from rag.ingest.chunking import Chunker
from rag.types import Chunk, Document
from tests.linear import assert_linear

_SEEDS = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))
_WORDS = "# 一 ## 二 ### 三 句子。 长一点的句子，有逗号；也有分号。 - 项 1. 项： | 甲 | 乙 | |---|---| The end. ``` \n \n \n \n\n \f \t 字 a".split(" ")
_TEXTS = st.lists(st.sampled_from(_WORDS) | st.text(max_size=6), max_size=80).map(" ".join)


def document(text: str, name: str = "d.md") -> Document:
    return Document(name, "题", text, name, "")


def cut(text: str, size: int = 100) -> list[Chunk]:
    return Chunker(size).chunk(document(text))


def assert_exact(text: str, chunks: list[Chunk], size: int) -> None:
    place = 0
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end] == chunk.text.strip() != ""
        assert not text[place : chunk.start].strip()
        assert measure(chunk.text) <= size
        place = chunk.end
    assert not text[place:].strip()
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@settings(max_examples=200)
@given(_TEXTS, st.integers(1, 60))
def test_chunks_are_exact_slices_and_lose_nothing(text: str, size: int) -> None:
    assert_exact(text, cut(text, size), size)


@pytest.mark.parametrize("path", _SEEDS, ids=lambda path: path.name[:3])
@pytest.mark.parametrize("size", [80, 320, 1000])
def test_seeds_are_cut_evenly_at_sentence_ends(path: Path, size: int) -> None:
    text = path.read_text(encoding="utf-8")
    chunks = cut(text, size)
    assert_exact(text, chunks, size)
    mean = sum(measure(chunk.text) for chunk in chunks) / len(chunks)
    assert 0.6 * size < mean < 0.95 * size
    complete = [chunk for chunk in chunks if chunk.text[-1] in "。！？；?!;.:)”" or text[chunk.end : chunk.end + 1] in ("\n", "")]
    assert len(complete) >= (0.8 if size == 80 else 0.99) * len(chunks)


def test_articles_of_one_file_are_sections_of_their_own() -> None:
    text = next(path for path in _SEEDS if path.name.startswith("002")).read_text(encoding="utf-8")
    chunks = cut(text, 320)
    assert len({chunk.section for chunk in chunks}) == 12
    for chunk in chunks:
        assert "\n#" not in chunk.text
        assert chunk.section == "" or text.rindex("\n#" + chunk.section.split(" › ")[0], 0, chunk.end) <= chunk.start


def test_a_heading_stays_with_its_text() -> None:
    chunks = cut("# 甲\n\n" + "一二三四五六七八九十。" * 6 + "\n\n## 乙\n\n" + "子丑寅卯辰巳午未申酉。" * 6, 100)
    assert [(chunk.section, chunk.text.splitlines()[0]) for chunk in chunks] == [("甲", "# 甲"), ("甲 › 乙", "## 乙")]


def test_a_bare_heading_goes_with_its_first_subsection() -> None:
    chunks = cut("# 手册\n\n## 安装\n\n运行一行命令。\n\n## 使用\n\n打开网页。")
    assert [(chunk.section, chunk.text.count("#")) for chunk in chunks] == [("手册", 3), ("手册 › 使用", 2)]


def test_small_deep_sections_share_a_chunk_under_their_common_path() -> None:
    chunks = cut("## 常见问题\n\n### 一\n\n答一。\n\n### 二\n\n答二。\n\n### 三\n\n答三。")
    assert [chunk.section for chunk in chunks] == ["常见问题"]


def test_a_list_stays_whole_with_its_introduction() -> None:
    prose = "前面有一段不短的文字，说明背景。" * 4
    listing = "主要有三点:\n\n  • 第一点是速度很快\n  • 第二点是价格不高\n  • 第三点是使用方便"
    chunks = cut(f"{prose}\n\n{listing}\n\n{prose}", 100)
    assert listing in [chunk.text for chunk in chunks]


def test_a_table_stays_whole_and_its_head_is_never_alone() -> None:
    rows = "\n".join(f"| 产品{number} | 价格{number}元 |" for number in range(5))
    table = f"| 名称 | 价格 |\n|---|---|\n{rows}"
    assert table in [chunk.text for chunk in cut("说明文字。" * 15 + "\n\n" + table + "\n\n" + "后文。" * 20, 100)]
    long = "| 名称 | 价格 |\n|---|---|\n" + "\n".join(f"| 产品{number} | 价格{number}元 |" for number in range(40))
    assert all(chunk.text.count("\n") >= 3 for chunk in cut(long, 60))


def test_sentences_are_not_cut_at_decimals_versions_and_links() -> None:
    text = "验证损失为3.278，使用Baichuan-7B与v1.2，见https://a.cn/b.c?d=1。" * 12
    assert all(chunk.text.endswith("。") for chunk in cut(text, 90))


def test_an_endless_sentence_is_cut_at_commas() -> None:
    chunks = cut("这句话一直没有句号，" * 60, 100)
    assert all(chunk.text.endswith("，") for chunk in chunks)
    assert all(measure(chunk.text) >= 50 for chunk in chunks)


def test_no_tiny_chunk_is_left_over() -> None:
    assert min(measure(chunk.text) for chunk in cut("十个字的一个句子呀。" * 11, 100)) >= 40


def test_ids_do_not_change_with_other_sections() -> None:
    tail = "# 乙\n\n" + "不变的内容在这里。" * 30
    before, after = cut("# 甲\n\n旧的。\n\n" + tail), cut("# 甲\n\n新的内容，长了很多。" * 9 + "\n\n" + tail)
    assert {chunk.id for chunk in before if chunk.section == "乙"} == {chunk.id for chunk in after if chunk.section == "乙"}


def test_repeated_text_gets_ids_of_its_own() -> None:
    chunks = cut("# 甲\n同样。\n# 乙\n同样。\n# 甲\n同样。")
    assert [chunk.id.removeprefix(chunks[0].id) for chunk in chunks][2] == "-2"
    assert len({chunk.id for chunk in chunks}) == 3


@pytest.mark.parametrize("size", [0, -1])
def test_size_must_be_positive(size: int) -> None:
    with pytest.raises(ValueError, match="chunk size"):
        Chunker(size)


@pytest.mark.parametrize(
    ("before", "piece"),
    [("", "字"), ("", "a"), ("", "word "), ("", "，"), ("", "a\n\n"), ("", "# h\n"), ("a", " "),
     ("| 名 | 值 |\n|---|---|\n", "| 一个 | 12 |\n"), ("", "x = f(y.z)\n"), ("", "- a\n")],
    ids=["cjk", "latin", "words", "commas", "paragraphs", "headings", "spaces", "table", "code", "items"],
)  # fmt: skip
def test_long_texts_are_cut_whole_in_linear_time(before: str, piece: str) -> None:
    def text(size: int) -> str:
        return before + piece * (size // len(piece)) + "b"

    assert_linear(lambda long: assert_exact(long, cut(long, 320), 320), text, 40_000)
