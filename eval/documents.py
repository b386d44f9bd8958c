"""Reads the documents of a corpus for the evaluator's own use: their texts, their clusters, their fingerprint.

A corpus is a ``corpus.jsonl`` (one document a line) or a folder of files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError, Fault
from rag.types import Document


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """What a ``corpus.jsonl`` holds besides the documents: ``clusters`` maps ids to the work they were cut from."""

    path: Path
    sha256: str
    documents: tuple[Document, ...]
    clusters: dict[str, str]
    false_documents: frozenset[str]

    def without(self, ids: frozenset[str]) -> CorpusFile:
        """The same without some documents."""
        kept = tuple(document for document in self.documents if document.id not in ids)
        digest = hashlib.sha256((self.sha256 + "|" + "|".join(sorted(ids))).encode()).hexdigest() if ids else self.sha256
        return CorpusFile(self.path, digest, kept, self.clusters, self.false_documents - ids)


def read_corpus(path: Path) -> CorpusFile:
    """Raises ``EvaluationError`` naming every broken line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"{path}: cannot be read ({error.strerror}); check --corpus") from error
    faults: list[Fault] = []
    documents: dict[str, Document] = {}
    clusters: dict[str, str] = {}
    false: set[str] = set()
    for line, row in _rows(raw.decode("utf-8-sig"), faults):
        identifier, text = row.get("id"), row.get("text")
        if not isinstance(identifier, str) or not identifier or not isinstance(text, str):
            faults.append(Fault(line, "a document needs an id and a text"))
            continue
        if identifier in documents:
            faults.append(Fault(line, f"the id {identifier!r} is there already"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        documents[identifier] = Document(identifier, str(row.get("title") or ""), text, f"{path.name}:{line}", digest)
        if isinstance(row.get("doc"), str):
            clusters[identifier] = row["doc"]
        if row.get("counterfactual"):
            false.add(identifier)
    if faults:
        listed = "\n".join(f"  {fault}" for fault in faults)
        raise EvaluationError(f"{path}: {len(faults)} broken line(s):\n{listed}")
    return CorpusFile(path, hashlib.sha256(raw).hexdigest(), tuple(documents.values()), clusters, frozenset(false))


def fingerprint(path: Path) -> str:
    """A hash of a file, or of all files below a folder with their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if not path.is_dir():
        raise EvaluationError(f"{path}: neither a file nor a folder; check --corpus")
    whole = hashlib.sha256()
    for file in sorted(inside for inside in path.rglob("*") if inside.is_file()):
        whole.update(f"{file.relative_to(path).as_posix()}\0".encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _rows(text: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except json.JSONDecodeError as error:
            faults.append(Fault(line, f"not JSON: {error.msg}"))
            continue
        if isinstance(row, dict):
            yield line, row
        else:
            faults.append(Fault(line, "a line must be a JSON object"))
