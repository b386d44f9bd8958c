"""Encodings told from bytes alone, measured on passages of the seeds re-encoded."""

from __future__ import annotations

import codecs
import random
from pathlib import Path

import opencc  # type: ignore[import-untyped]
import pytest

from rag.errors import IngestError
from rag.ingest.encoding import decode

SEEDS = Path(__file__).parents[2] / "seeds"
SIMPLIFIED = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt")))
TRADITIONAL = opencc.OpenCC("s2t").convert(SIMPLIFIED)


def passages(text: str, codec: str, length: int) -> list[bytes]:
    """A hundred passages of ``length`` characters that hold Chinese and can be written in ``codec``."""
    places = random.Random(length)
    found: list[bytes] = []
    while len(found) < 100:
        start = places.randrange(len(text) - length)
        passage = text[start : start + length]
        if sum("\u4e00" <= character <= "\u9fff" for character in passage) * 2 < length:
            continue
        try:
            found.append(passage.encode(codec))
        except UnicodeEncodeError:
            continue
    return found


@pytest.mark.parametrize("codec", ["utf-8", "gbk", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("length", "least"), [(6, 95), (20, 99), (200, 100)])
def test_simplified_text_is_read(codec: str, length: int, least: int) -> None:
    assert sum(decode(data) == data.decode(codec) for data in passages(SIMPLIFIED, codec, length)) >= least


@pytest.mark.parametrize("codec", ["utf-8", "big5", "gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("length", "least"), [(6, 95), (20, 99), (200, 100)])
def test_traditional_text_is_read(codec: str, length: int, least: int) -> None:
    assert sum(decode(data) == data.decode(codec) for data in passages(TRADITIONAL, codec, length)) >= least


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_decide_and_vanish(mark: str) -> None:
    assert decode("甲a".encode(mark)) == "甲a"
    assert decode(codecs.BOM_UTF16_BE + "甲a".encode("utf-16-be")) == "甲a"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Le café de l’été : naïve déjà vu, cœur", "cp1252"),
        ("日本国は、東アジアに位置する民主制国家。首都は東京都。", "cp932"),
        ("대한민국은 동아시아의 한반도 남부에 위치한 민주공화국이다.", "euc_kr"),
        ("Plain English, nothing else.", "ascii"),
        ("Plain English, nothing else.", "utf-16-le"),
    ],
)
def test_other_scripts_are_read(text: str, codec: str) -> None:
    assert decode(text.encode(codec)) == text


def test_a_stray_byte_in_a_long_text_is_replaced() -> None:
    data = ("很长的正文，" * 500).encode()
    assert decode(data[:3000] + b"\xff" + data[3000:]).count("\ufffd") == 1


def test_noise_is_no_text() -> None:
    accepted = 0
    for seed in range(100):
        try:
            decode(random.Random(seed).randbytes(400))
        except IngestError:
            continue
        accepted += 1
    assert accepted == 0


def test_nothing_is_an_error() -> None:
    with pytest.raises(IngestError, match="empty"):
        decode(b"")
