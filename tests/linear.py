"""Whether work grows with its text alone, told by the ratio of two processor times: no machine is too slow for it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_TIMES = 10
_AT_MOST = 4 * _TIMES  # a quadratic method takes _TIMES² as long
_LEAST_SECONDS = 0.005
_TRIES = 2


def assert_linear(work: Callable[[str], object], text: Callable[[int], str], size: int) -> None:
    """``work`` on ``text(size)`` takes no more than linear time, measured against a tenth of it."""
    small = max(_seconds(work, text(size // _TIMES)), _LEAST_SECONDS)
    large = min(_seconds(work, text(size)) for _ in range(_TRIES))
    assert large < _AT_MOST * small, f"{large:.3f} s for {size}, {small:.3f} s for a tenth of it"


def _seconds(work: Callable[[str], object], text: str) -> float:
    """Of this thread alone, and without the garbage of all tests before."""
    gc.disable()
    try:
        begin = time.thread_time()
        work(text)
        return time.thread_time() - begin
    finally:
        gc.enable()
