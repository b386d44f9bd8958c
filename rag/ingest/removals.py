"""Keeps account of removed documents, so that no later build brings them back unasked.

One small JSON file beside the generations of the index. It knows ids, not what was behind them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from rag.errors import IndexCorrupt

_FILE = "removed.json"


def read_removed(directory: Path) -> frozenset[str]:
    """The ids of the documents that were removed from the index in ``directory``.

    Raises:
        IndexCorrupt: the account is there and cannot be read.
    """
    path = directory / _FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except (OSError, ValueError) as error:
        raise IndexCorrupt(f"{path} cannot be read ({error}). Delete it to let removed documents be indexed again.") from error
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise IndexCorrupt(f"{path} is no list of ids. Delete it to let removed documents be indexed again.")
    return frozenset(value)


def record(directory: Path, removed: Iterable[str]) -> None:
    """Replace the account."""
    path = directory / _FILE
    names = sorted(removed)
    if not names:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(names, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(path)


def forget(directory: Path, ids: set[str]) -> None:
    """Strike documents that were indexed again."""
    removed = read_removed(directory)
    if removed & ids:
        record(directory, removed - ids)

