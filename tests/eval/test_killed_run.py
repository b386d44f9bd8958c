"""A run that is killed goes on where it was, and ends as one that was left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.trace import read_lines
from tests.eval.fakes import write_set

ROOT = Path(__file__).resolve().parents[2]
CASES, ENOUGH = 60, 10


@pytest.mark.process
def test_kill_minus_nine_then_resume_gives_the_same_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_set(tmp_path, CASES)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command = ["run", "--system", "floor", "--cases", str(tmp_path / "queries.jsonl"), "--out"]
    assert main([*command, str(whole)]) == 0
    half = kill_amidst([*command, str(killed)], killed / "traces.jsonl")
    assert ENOUGH <= half < CASES
    assert main([*command, str(killed), "--resume"]) == 0
    assert f"{half}/{CASES}" in capsys.readouterr().err
    first, second = (json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in (whole, killed))
    steady = [name for name in first if "latency_ms" not in name]
    assert len(steady) > 50
    assert {name: first[name] for name in steady} == {name: second.get(name) for name in steady}


def kill_amidst(command: list[str], traces: Path) -> int:
    """Kill the command when some cases are done; how many are whole on the disk."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "eval", *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and sum(1 for _ in read_lines(traces)) < ENOUGH:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=30) == -signal.SIGKILL
    return sum(1 for _ in read_lines(traces))
