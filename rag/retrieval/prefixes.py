"""What known encoder families want written before a query and before a passage, and a model's fingerprint.

Both are read from names and small files, so that an index can be checked without loading a model.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple


class Prefixes(NamedTuple):
    """The texts that stand before a query and before a passage."""

    query: str
    passage: str


_TASK = "Given a web search query, retrieve relevant passages that answer the query"
_FAMILIES = (
    (r"e5-.*instruct", Prefixes(f"Instruct: {_TASK}\nQuery: ", "")),
    (r"(^|[-_])e5([-_]|$)", Prefixes("query: ", "passage: ")),
    (r"bge-(small|base|large)-zh", Prefixes("为这个句子生成表示以用于检索相关文章：", "")),
    (r"bge-(small|base|large)-en", Prefixes("Represent this sentence for searching relevant passages: ", "")),
    (r"qwen3-embedding", Prefixes(f"Instruct: {_TASK}\nQuery:", "")),
    (r"gte-qwen", Prefixes(f"Instruct: {_TASK}\nQuery: ", "")),
    (r"(^|[-_])(conan|xiaobu|stella)[-_].*v[12]", Prefixes("", "")),
)


def known_prefixes(model: str, folder: Path | None = None) -> Prefixes:
    """The prefixes of a model: its own prompts where ``folder`` has them, else its family's, else none."""
    own = _own_prompts(folder) if folder else None
    if own is not None:
        return own
    name = base_name(model).lower()
    return next((prefixes for pattern, prefixes in _FAMILIES if re.search(pattern, name)), Prefixes("", ""))


def base_name(model: str) -> str:
    """The last part of a path or of a name on the hub."""
    return model.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _own_prompts(folder: Path) -> Prefixes | None:
    try:
        prompts = json.loads((folder / "config_sentence_transformers.json").read_text("utf-8"))["prompts"]
        query = prompts.get("query") or ""
        passage = prompts.get("document") or prompts.get("passage") or ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Prefixes(str(query), str(passage)) if query or passage else None


def fingerprint(folder: Path, *settings: str) -> str:
    """Twelve hexadecimal digits over a model folder's small JSON files, all files' sizes, and ``settings``."""
    sha256 = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        size = path.stat().st_size
        sha256.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode())
        if path.suffix == ".json" and size < 1 << 20:
            sha256.update(path.read_bytes())
    for setting in settings:
        sha256.update(f"\0{setting}".encode())
    return sha256.hexdigest()[:12]
