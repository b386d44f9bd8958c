"""The allocator holds no memory for threads that are gone."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import re, sys, threading
from rag.web.allocator import limit_arenas
if sys.argv[1] == "limited": assert limit_arenas()
together = threading.Barrier(12)
def work():
    held = [bytes(1000) for _ in range(2000)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
import ctypes
ctypes.CDLL(None).malloc_stats()
"""


def arenas(choice: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, choice], capture_output=True, text=True, check=True)
    return done.stderr.count("Arena ")


@pytest.mark.process
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_share_two_arenas() -> None:
    assert arenas("free") > 2
    assert arenas("limited") == 2


def test_whoever_starts_the_process_may_choose_another_number(monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.web.allocator import limit_arenas

    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert not limit_arenas()
