"""What a run was made of: sets and corpora with their hashes, settings without secrets, versions, the machine.

Paths are written relative to where the command ran, so that a manifest can be shared.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eval.cases import CaseSet
from eval.runner import Options
from eval.stats import SEED
from rag.config import Settings

_PACKAGES = ("torch", "sentence-transformers", "transformers", "faiss-cpu", "rank-bm25", "bm25s", "numpy", "scipy", "openai")


def describe_set(cases: CaseSet, corpus: str, corpus_sha256: str, documents: int) -> dict[str, Any]:
    """One entry of the manifest's ``sets``."""
    return {
        "name": cases.name, "kind": cases.kind.value, "path": shown(Path(cases.path)), "sha256": cases.sha256, "cases": len(cases.cases),
        "corpus": {"path": shown(Path(corpus)) if corpus else "", "sha256": corpus_sha256, "documents": documents},
    }  # fmt: skip


def describe_run(sets: Sequence[dict[str, Any]], settings: Settings, options: Options, system: str, profile: str) -> dict[str, Any]:
    """The manifest of a run that begins now."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "system": system, "profile": profile, "seed": SEED,
        "command": ["python", "-m", "eval", *(shown(Path(part)) if os.sep in part else part for part in sys.argv[1:])],
        "sets": list(sets),
        "options": {name: getattr(options, name) for name in options.__slots__},
        "settings": _settings(settings),
        "git": git_state(),
        "packages": _versions(_PACKAGES),
        "machine": {"python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count()},
    }  # fmt: skip


def shown(path: Path) -> str:
    """A path as a manifest shows it: relative where that is short, ``~`` for the home folder."""
    resolved = path.resolve()
    if resolved.is_relative_to(Path.home()) and not resolved.is_relative_to(Path.cwd()):
        return f"~/{resolved.relative_to(Path.home()).as_posix()}"
    relative = Path(os.path.relpath(resolved))
    return path.name if relative.parts[:4] == ("..",) * 4 else relative.as_posix()


def git_state() -> dict[str, Any]:
    """The commit and whether files differ from it; empty outside a repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        return {"commit": commit, "changed": bool(_git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.CalledProcessError):
        return {}


def _git(*arguments: str) -> str:
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=20)
    return done.stdout.strip()


def _settings(settings: Settings) -> dict[str, Any]:
    values = settings.model_dump()
    secret = {name for name in values if name.endswith(("_key", "_keys", "_token", "_secret", "_url"))} - {"llm_base_url"}
    return {name: _plain(value) for name, value in values.items() if name not in secret}


def _plain(value: Any) -> Any:
    match value:
        case Path():
            return shown(value)
        case tuple():
            return [_plain(part) for part in value]
    return value


def _versions(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
