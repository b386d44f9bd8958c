"""Which files are to be read: the given files, and those below the given folders.

It walks and decides, it does not open files. A folder may hold a ``.zhijuignore`` with one pattern a line
(``ORIGINS.md``, ``drafts/*``) for what is not to be read.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILE = ".zhijuignore"


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that was not read, and why. ``skipped``: left out on purpose, which is no fault."""

    source: str
    reason: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read. ``id`` is its path below the given folder, ``root`` that folder's name."""

    path: Path
    id: str
    root: str
    size: int
    modified: float
    explicit: bool
    """Named itself, not found in a folder."""


def find_files(paths: Sequence[Path]) -> Iterator[SourceFile | Failure]:
    """The files of ``paths`` in order, each once; folders are walked in the order of their names.

    Hidden files, links and what ``.zhijuignore`` names come as skipped failures; a link is never followed inside
    a folder, so that nothing outside it is read and nothing twice.
    """
    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found = _walk(path, "", _ignored(path), path)
        else:
            found = iter([_examine(path, path.name, path.parent.resolve().name, explicit=True)])
        for item in found:
            if isinstance(item, SourceFile):
                if (real := item.path.resolve()) in seen:
                    continue
                seen.add(real)
            yield item


def _walk(folder: Path, below: str, patterns: Sequence[str], root: Path) -> Iterator[SourceFile | Failure]:
    try:
        names = sorted((entry.name for entry in folder.iterdir()), key=_readable)
    except OSError as error:
        yield Failure(_show(folder), f"the folder cannot be read ({error.strerror}): check its permissions")
        return
    for name in names:
        path, identifier = folder / name, below + _readable(name)
        if name == IGNORE_FILE:
            continue
        if name.startswith("."):
            yield Failure(_show(path), "hidden: rename it without the leading dot to have it read", skipped=True)
        elif _matches(identifier, patterns):
            yield Failure(_show(path), f"named in {IGNORE_FILE}", skipped=True)
        elif path.is_symlink():
            yield Failure(_show(path), _about_link(path, root), skipped=True)
        elif path.is_dir():
            yield from _walk(path, identifier + "/", patterns, root)
        else:
            yield _examine(path, identifier, root.resolve().name, explicit=False)


def _examine(path: Path, identifier: str, root: str, *, explicit: bool) -> SourceFile | Failure:
    try:
        status = path.stat()
    except FileNotFoundError:
        return Failure(_show(path), "there is no such file: check the path")
    except OSError as error:
        return Failure(_show(path), f"cannot be examined ({error.strerror}): check its permissions")
    if not stat.S_ISREG(status.st_mode):
        return Failure(_show(path), "not a regular file (a pipe, socket or device): give a file or a folder")
    return SourceFile(path, _readable(identifier), root, status.st_size, status.st_mtime, explicit)


def _about_link(path: Path, root: Path) -> str:
    try:
        inside = path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return "a link that leads nowhere: repair or delete it"
    return "a link; its target is read in its own place" if inside else "a link that leaves the folder: name its target as a source of its own"


def _ignored(root: Path) -> tuple[str, ...]:
    try:
        text = (root / IGNORE_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _matches(identifier: str, patterns: Sequence[str]) -> bool:
    name = identifier.rpartition("/")[2]
    return any(
        fnmatch.fnmatchcase(identifier, pattern.rstrip("/")) or fnmatch.fnmatchcase(name, pattern.rstrip("/"))
        for pattern in patterns
    )


def _readable(name: str) -> str:
    """A name whose bytes are no UTF-8 with replacement characters, so that it can be stored and shown."""
    return os.fsencode(name).decode("utf-8", "replace")


def _show(path: Path) -> str:
    return _readable(str(path))
