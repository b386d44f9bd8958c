"""The smoke profile with the real encoder, held against its gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import eval as package
from eval.__main__ import main

GATE = Path(package.__file__).parent / "gates" / "smoke.yaml"


@pytest.mark.encoder
def test_smoke_profile_passes_its_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "smoke"
    assert main(["run", "--profile", "smoke", "--out", str(out)]) == 0
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert {entry["name"]: entry["cases"] for entry in manifest["sets"]} == {"seeds": 60, "cite_zh_sample": 60, "retrieve_decision_sample": 60}
    code = main(["gate", str(out), "--rules", str(GATE)])
    assert code == 0, capsys.readouterr().out
