"""Files and folders become documents; what cannot be read is named with its reason and the rest goes on."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
from pathlib import Path

import pytest

from rag.ingest.loaders import load
from rag.ingest.sources import Failure
from rag.types import Document

SEEDS = Path(__file__).parents[2] / "seeds"
LIMIT = 1_000_000


def read(*paths: Path, limit: int = LIMIT) -> tuple[list[Document], list[Failure]]:
    items = list(load(paths, limit))
    return [item for item in items if isinstance(item, Document)], [item for item in items if isinstance(item, Failure)]


def only(path: Path) -> Document:
    documents, failures = read(path)
    assert failures == []
    return documents[0]


def reason(path: Path, limit: int = LIMIT) -> str:
    documents, failures = read(path, limit=limit)
    assert documents == []
    assert [failure.source for failure in failures] == [str(path)]
    return failures[0].reason


def test_seeds_come_with_their_own_names_titles_and_unchanged_texts() -> None:
    documents, failures = read(SEEDS)
    assert [(document.id[:3], document.title) for document in documents] == [
        ("000", "技术演进方向"),
        ("001", "大模型:前沿技术与未来应用"),
        ("002", "51c大模型~合集76"),
        ("003", "基础模型与应用"),
    ]
    assert all(failure.skipped for failure in failures)
    for document in documents:
        data = (SEEDS / document.id).read_bytes()
        assert document.text == data.decode()
        assert document.sha256 == hashlib.sha256(data).hexdigest()


def test_folders_are_walked_in_order_and_ids_are_paths(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.txt", "a/c/x.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("正文", encoding="utf-8")
    documents, _ = read(tmp_path)
    assert [document.id for document in documents] == ["a/c/x.md", "a/z.txt", "b.md"]
    assert documents[0].source == "a/c/x.md"


def test_title_is_the_heading_or_the_short_first_line_or_the_name(tmp_path: Path) -> None:
    texts = {
        "一.md": "![标志](a.png)\n\n# 手册\n\n## 安装\n",
        "二.txt": "年度报告\n\n正文在此。",
        "三.txt": "这是一句话，不是标题。\n后面还有。",
        "四.md": "---\ntitle: \"前言\"\n---\n\n正文",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert {document.id[0]: document.title for document in read(tmp_path)[0]} == {
        "一": "手册", "二": "年度报告", "三": "三", "四": "前言",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE),
     ("utf-16-le", b""), ("utf-16-be", b""), ("gbk", b""), ("gb18030", b""), ("big5", b"")],
)  # fmt: skip
def test_encodings_are_told(codec: str, mark: bytes, tmp_path: Path) -> None:
    text = "臺灣的資料庫設計，應該這樣說明。" if codec == "big5" else "我们的数据库设计，应当这样说明。"
    path = tmp_path / "a.txt"
    path.write_bytes(mark + text.encode(codec))
    assert only(path).text == text


def test_invisible_characters_go_and_newlines_become_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("甲\u200b乙\u202e\r\n丙\0\U000e0041丁\r戊\u2028己\u00ad  庚".encode())
    assert only(path).text == "甲乙\n丙丁\n戊\n己  庚"


def test_modified_is_the_files_time_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("正文")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert only(path).modified == "2023-11-14T22:13:20+00:00"


def test_jsonl_gives_a_document_a_line_and_names_broken_lines(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl"
    rows = [
        json.dumps({"id": "q1", "title": "价格", "text": "十元。", "date": "2024年3月5日", "tags": [1]}),
        '{"id": "q2", "text":',
        "",
        json.dumps({"text": "无号。\u2028第二行", "modified": "2024-05-01T08:00:00+08:00"}, ensure_ascii=False),
        json.dumps({"id": 7, "title": "", "text": "数号。"}),
        json.dumps({"id": "q1", "text": "重复。"}),
        json.dumps({"id": "q9", "text": 5}),
        json.dumps([1]),
        json.dumps({"id": "空", "text": " "}),
        "[" * 100_000,
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    documents, failures = read(path)
    assert [(document.id, document.title, document.source, document.text) for document in documents] == [
        ("q1", "价格", "faq.jsonl:1", "十元。"),
        ("faq.jsonl:4", "", "faq.jsonl:4", "无号。\n第二行"),
        ("7", "", "faq.jsonl:5", "数号。"),
    ]
    assert [document.modified for document in documents[:2]] == ["2024-03-05T00:00:00+00:00", "2024-05-01T00:00:00+00:00"]
    assert [failure.source for failure in failures] == [f"faq.jsonl:{line}" for line in (2, 6, 7, 8, 9, 10)]
    assert "q1" in failures[1].reason and "faq.jsonl:1" in failures[1].reason


def test_same_names_in_two_folders_are_told_apart_by_the_folder(tmp_path: Path) -> None:
    for folder in ("north", "south"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    documents, failures = read(tmp_path / "north", tmp_path / "south", tmp_path / "south" / "a.txt")
    assert [(document.id, document.text) for document in documents] == [("a.txt", "north"), ("south/a.txt", "south")]
    assert failures == []


def test_hidden_links_ignored_and_unknown_files_are_skipped_with_reason(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    root.mkdir()
    (tmp_path / "outside.txt").write_text("外")
    (root / "a.txt").write_text("内")
    (root / ".secret.txt").write_text("密")
    (root / "draft.md").write_text("稿")
    (root / "photo.png").write_bytes(b"\x89PNG")
    (root / ".zhijuignore").write_text("# drafts\ndraft*\n")
    (root / "in.txt").symlink_to(root / "a.txt")
    (root / "out.txt").symlink_to(tmp_path / "outside.txt")
    (root / "up").symlink_to(tmp_path)
    documents, failures = read(root)
    assert [document.id for document in documents] == ["a.txt"]
    assert all(failure.skipped for failure in failures)
    reasons = {Path(failure.source).name: failure.reason for failure in failures}
    assert reasons.keys() == {".secret.txt", "draft.md", "photo.png", "in.txt", "out.txt", "up"}
    assert "leaves the folder" in reasons["out.txt"] and "leaves the folder" in reasons["up"]
    assert ".png" in reasons["photo.png"]


def test_a_file_that_vanishes_is_a_failure_and_the_rest_goes_on(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    items = load([tmp_path], LIMIT)
    seen = [next(items)]
    (tmp_path / "b.txt").unlink()
    seen += list(items)
    assert [type(item) for item in seen] == [Document, Failure, Document]
    assert "no such file" in seen[1].reason or "vanished" in seen[1].reason  # type: ignore[union-attr]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert "not a regular file" in reason(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t", "no text"),
        ("a.md", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "PNG image"),
        ("a.txt", bytes(range(256)) * 40, "binary"),
        ("a.txt", b"%PDF-1.7\n", "extension"),
        ("a.txt", b"x" * 2_000_000, "RAG_MAX_FILE_BYTES"),
        ("a.doc", b"x", "save it as .docx"),
        ("README", b"x", "without extension"),
        ("a.docx", b"PK\x03\x04 no", "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"),
        ("a.pdf", b"%PDF-1.7 nothing", "damaged"),
        ("a.pdf", b"no", "damaged"),
        ("a.html", b"<script>x</script>", "shows no text"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, data: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert expected in reason(tmp_path / name)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    assert "no such file" in reason(tmp_path / "nowhere")


def test_a_file_cut_inside_a_character_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("被截断的文件".encode()[:-1])
    assert only(tmp_path / "a.txt").text == "被截断的文"
