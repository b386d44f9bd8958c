"""The run folder: what is written while a run goes on, and what makes it start again where it stopped.

A case's trace is written in one piece and flushed as it ends; a line that a kill cut off is cut away when the
run goes on. Files that score and report write are named here too.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval.aggregate import Metrics, from_json, to_json
from eval.collect import Collected
from eval.errors import EvaluationError
from eval.score import Item
from eval.trace import Trace, chunk_to_json, read_lines, read_passages, read_traces
from rag.types import Chunk


class RunFolder:
    """One run's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = path / "manifest.json"
        self.traces = path / "traces.jsonl"
        self.passages = path / "passages.jsonl"
        self.items = path / "items.jsonl"
        self.metrics = path / "metrics.json"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self.traces.exists() or self.manifest.exists()

    def read_manifest(self) -> dict[str, Any]:
        """Raises ``EvaluationError`` when this is no run folder."""
        return dict(self._json(self.manifest))

    def read_traces(self) -> list[Trace]:
        """All whole traces."""
        return read_traces(self.traces)

    def read_passages(self) -> dict[str, Chunk]:
        """All chunks that traces name."""
        return read_passages(self.passages)

    def read_items(self) -> list[Item]:
        """Raises ``EvaluationError`` when the run has not been scored."""
        if not self.items.is_file():
            raise EvaluationError(f"{self.path}: no items.jsonl; score the run first: python -m eval score {self.path}")
        return [Item.from_dict(json.loads(line)) for line in read_lines(self.items)]

    def read_metrics(self) -> Metrics:
        """Raises ``EvaluationError`` when the run has not been scored."""
        return from_json(self._json(self.metrics))

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write manifest.json whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.write("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")

    def write_scores(self, items: Iterable[Item], metrics: Metrics) -> None:
        """Write items.jsonl and metrics.json."""
        rows = (json.dumps(_rounded(item.to_dict()), ensure_ascii=False) for item in items)
        self.write("items.jsonl", "".join(row + "\n" for row in rows))
        entries = (f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(value)}" for name, value in sorted(to_json(metrics).items()))
        self.write("metrics.json", "{\n" + ",\n".join(entries) + "\n}\n")

    def write(self, name: str, text: str) -> Path:
        """Write one file whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        half = self.path / f".{name}.{os.getpid()}"
        half.write_text(text, encoding="utf-8", newline="\n")
        half.replace(self.path / name)
        return self.path / name

    def _json(self, path: Path) -> Any:
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise EvaluationError(f"{path}: cannot be read ({error.strerror}); is {self.path} a run folder, and scored?") from error
        except json.JSONDecodeError as error:
            raise EvaluationError(f"{path}: not JSON ({error.msg})") from error


class Sink:
    """Appends traces from many threads, each flushed whole; passages go first, each once."""

    def __init__(self, folder: RunFolder) -> None:
        folder.path.mkdir(parents=True, exist_ok=True)
        for path in (folder.passages, folder.traces):
            _cut_torn_line(path)
        self._known = set(folder.read_passages())
        self._lock = threading.Lock()
        self._passages = folder.passages.open("a", encoding="utf-8", newline="\n")
        self._traces = folder.traces.open("a", encoding="utf-8", newline="\n")

    def write(self, collected: Collected) -> None:
        """Append one trace and the passages that are new."""
        line = collected.trace.to_json() + "\n"
        with self._lock:
            fresh = {name: chunk for name, chunk in collected.chunks.items() if name not in self._known}
            if fresh:
                self._passages.write("".join(chunk_to_json(chunk) + "\n" for chunk in fresh.values()))
                self._passages.flush()
                self._known |= fresh.keys()
            self._traces.write(line)
            self._traces.flush()

    def close(self) -> None:
        """Close both files."""
        self._passages.close()
        self._traces.close()


def _cut_torn_line(path: Path) -> None:
    """Cut away what follows the last line feed."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 6)
        case dict():
            return {name: _rounded(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_rounded(inner) for inner in value]
    return value
