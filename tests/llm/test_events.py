"""Events are found in a stream of bytes wherever it was cut."""

from __future__ import annotations

import pytest

from rag.llm.events import LONGEST_LINE, EventReader

STREAM = "\r\n".join(["event: message", "data: 一", "", ": 休", "", "data:二", "data:  三", "", "id: 4", "data: 四"]).encode()
DATA = ["一".encode(), "二\n 三".encode(), "四".encode()]


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r"], ids=["CRLF", "LF", "CR"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_read_however_they_are_cut(size: int, ending: bytes) -> None:
    stream, reader = STREAM.replace(b"\r\n", ending), EventReader()
    cut = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [data for piece in cut for data in reader.feed(piece)] + list(reader.finish()) == DATA


def test_a_line_without_end_is_an_error() -> None:
    reader = EventReader()
    with pytest.raises(ValueError, match="too long"):
        for _ in range(3):
            list(reader.feed(b"x" * (LONGEST_LINE // 2)))
