"""Folders of small wheels, and who fetches from them: pip itself, or a quick stand-in for it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

_STAND_IN = Path(__file__).parent / "stand_in"


def make_wheel(folder: Path, name: str, member: str, content: bytes) -> None:
    """A wheel that pip takes: one data file and the least of metadata."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/{member}", content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def only_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip looks at this folder and nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """``python -m pip`` is the stand-in: the process, its arguments, output and exit code are real, pip is not."""
    monkeypatch.setenv("PYTHONPATH", str(_STAND_IN))
