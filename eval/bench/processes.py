"""Processes of a benchmark: started, waited for, ended, and what they take meanwhile as ``/proc`` tells (Linux)."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has taken (CPU seconds) and holds (resident bytes, open descriptors, threads)."""

    cpu: float
    resident: int
    descriptors: int
    threads: int


def usage(pid: int) -> Usage:
    """What the process takes now, without its children. Raises ``SystemExit`` where there is no ``/proc``."""
    folder = Path("/proc") / str(pid)
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        pages = int((folder / "statm").read_text().split()[1])
        descriptors = len(list((folder / "fd").iterdir()))
    except OSError as error:
        raise SystemExit(f"/proc tells nothing of process {pid} ({error}): is it another user's, or no Linux?") from error
    cpu = (int(fields[11]) + int(fields[12])) / _TICKS
    return Usage(cpu, pages * os.sysconf("SC_PAGE_SIZE"), descriptors, int(fields[17]))


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(address: str) -> bool:
    """Whether a GET of ``address`` is answered with 200."""
    try:
        with urllib.request.urlopen(address, timeout=30) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def running(
    command: Sequence[str], address: str, environment: Mapping[str, str], patience: float = 120.0
) -> Iterator[subprocess.Popen[bytes]]:
    """A process from when it answers at ``address`` until the block ends. Raises ``SystemExit`` when it does not."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("RAG_", "OPENAI_"))}
    process = subprocess.Popen(
        command, env={**variables, **QUIET, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + patience
        while not answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(command[:3])} does not answer at {address}; start it by hand to see why")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
