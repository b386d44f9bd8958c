"""The generations of an index in one folder: written aside, swapped in at once, one older kept.

``DIR/CURRENT`` names the generation in force. A reader never sees a half-written one, a second writer is
refused, and whatever goes wrong while writing leaves the present generation as it is. It does not know what a
generation holds.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import IndexCorrupt, IndexNotFound, StoreError

CURRENT = "CURRENT"
_LOCK = "LOCK"
_WRITING = ".writing"
_NAME = re.compile(r"generation-(\d{4,9})")


def generation_name(number: int) -> str:
    """The folder of a generation."""
    return f"generation-{number:04d}"


def current(directory: Path) -> str:
    """The name of the generation in force.

    Raises:
        IndexNotFound: there is none.
        IndexCorrupt: ``CURRENT`` does not name one.
    """
    path = directory / CURRENT
    try:
        name = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise IndexNotFound(f"There is no index in {directory}. Run `python -m rag index` to build one.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise IndexCorrupt(f"{path} cannot be read ({error}). Build the index again.") from error
    if not _NAME.fullmatch(name):
        raise IndexCorrupt(f"{path} does not name a generation. Build the index again.")
    if not (directory / name).is_dir():
        raise IndexCorrupt(f"{path} names {name}, which is missing. Build the index again.")
    return name


@contextmanager
def writer(directory: Path) -> Iterator[Path]:
    """An empty folder to write the next generation into, with the only right to do so; gone afterwards.

    Raises:
        StoreError: another process writes, or the disk is full, read-only or failing.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(directory / _LOCK):
            folder = directory / _WRITING
            shutil.rmtree(folder, ignore_errors=True)  # what a killed writer left
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"The index in {directory} cannot be written ({error.strerror or error}). The present one is unchanged."
        ) from error


def publish(directory: Path, folder: Path, number: int) -> None:
    """Make the finished ``folder`` the generation in force, durably, and delete all but the one before it."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync(path)
    _sync(folder)
    name = generation_name(number)
    previous = _present_name(directory)
    folder.rename(directory / name)
    pointer = directory / (CURRENT + ".new")
    pointer.write_text(name + "\n", encoding="ascii")
    _sync(pointer)
    pointer.replace(directory / CURRENT)
    _sync(directory)
    for path in directory.iterdir():
        if _NAME.fullmatch(path.name) and path.name not in (name, previous):
            shutil.rmtree(path, ignore_errors=True)


def next_number(directory: Path) -> int:
    """One more than the highest generation in the folder."""
    names = [_NAME.fullmatch(path.name) for path in directory.iterdir()] if directory.is_dir() else []
    return 1 + max((int(match[1]) for match in names if match), default=0)


def _present_name(directory: Path) -> str:
    try:
        return current(directory)
    except StoreError:
        return ""


def _sync(path: Path) -> None:
    if path.is_dir() and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends."""
    with path.open("a+b") as file:
        try:
            if sys.platform == "win32":
                import msvcrt  # another system's

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl  # another system's

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(f"Another process is writing the index in {path.parent}. Wait until it is done.") from error
        yield
