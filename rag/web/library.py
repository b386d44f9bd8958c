"""What an administrator may do to the index, and the one job at a time that does it.

Knows neither HTTP nor how an index is built: the composition root hands in a ``Library``.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from rag.errors import RagError, StoreError
from rag.web.backend import Backend
from rag.web.refusals import Reason, Refusal

_log = logging.getLogger(__name__)

LONGEST_NAME = 120
FORMATS = frozenset({".txt", ".md", ".markdown", ".html", ".htm", ".pdf", ".docx", ".xlsx", ".xlsm", ".pptx", ".csv", ".tsv", ".jsonl"})

Progress = Callable[[str, int, int], None]
"""Called with a phase's name, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was left out, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a re-indexing did."""

    documents: int
    chunks: int
    embedded: int
    failures: tuple[Failure, ...] = ()


class Library(Protocol):
    """Changes the saved index; the server opens the result."""

    def rebuild(self, progress: Progress) -> Report:
        """Index all sources and uploads anew. Raises ``RagError``."""
        ...

    def remove(self, document_id: str) -> None:
        """Take a document out of the saved index, and keep it out. Raises ``RagError``."""
        ...

    def restore(self, document_id: str) -> None:
        """Let a removed document in again when the index is built next. Raises ``RagError``."""
        ...


class JobState(StrEnum):
    """How the last re-indexing stands."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """The last re-indexing, running or ended."""

    state: JobState = JobState.NONE
    phase: str = ""
    done: int = 0
    total: int = 0
    error: str = ""
    report: Report | None = None


class Librarian:
    """Runs one change of the index at a time, in the background, and puts the result into service."""

    def __init__(self, library: Library, backend: Backend) -> None:
        self._library = library
        self._backend = backend
        self._working = threading.Lock()
        self._job = Job()

    @property
    def job(self) -> Job:
        """The last re-indexing."""
        return self._job

    def start(self) -> None:
        """Begin re-indexing. Raises ``Refusal`` (busy) while the index is being changed."""
        if not self._working.acquire(blocking=False):
            raise Refusal(Reason.BUSY, "The index is being changed already.", retry_after=5)
        self._job = Job(JobState.RUNNING, "start")
        threading.Thread(target=self._rebuild, name="re-index", daemon=True).start()

    def remove(self, document_id: str) -> None:
        """Take a document out of the index and out of service. Raises ``Refusal`` (not found, busy)."""
        if not self._working.acquire(blocking=False):
            raise Refusal(Reason.BUSY, "The index is being changed already.", retry_after=5)
        try:
            self._backend.engine().catalogue.document(document_id)
            self._library.remove(document_id)
            self._backend.reload()
        except KeyError:
            raise Refusal(Reason.NOT_FOUND, "The index has no such document.") from None
        except StoreError as error:  # an administrator may read why
            raise Refusal(Reason.INDEX, str(error)) from error
        finally:
            self._working.release()

    def welcome(self, name: str) -> None:
        """Let an upload in although a document of its name was removed before."""
        self._library.restore(name)

    def _rebuild(self) -> None:
        try:
            report = self._library.rebuild(self._progress)
            self._job = replace(self._job, phase="open")
            self._backend.reload()
            self._job = Job(JobState.DONE, report=report)
        except RagError as error:
            _log.error("Re-indexing failed: %s", error)
            self._job = Job(JobState.FAILED, error=str(error))
        except Exception:  # noqa: BLE001 - the edge: a thread has nobody else to tell
            _log.exception("Re-indexing failed")
            self._job = Job(JobState.FAILED, error="Re-indexing failed; the log names the cause.")
        finally:
            self._working.release()

    def _progress(self, phase: str, done: int, total: int) -> None:
        self._job = Job(JobState.RUNNING, phase, done, total)


class Uploads:
    """The folder of uploaded documents. Names are made safe; nothing is ever written outside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where a file of this name is kept. Raises ``Refusal`` for a name or format that is not allowed."""
        base = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
        safe = re.sub(r"[^\w.()（）\- ]", "_", base).strip(" .")[-LONGEST_NAME:].lstrip(" .")
        if not safe or Path(safe).suffix.lower() not in FORMATS:
            allowed = " ".join(sorted(FORMATS))
            raise Refusal(Reason.INVALID, f"This kind of file cannot be indexed; allowed are {allowed}.")
        return self._folder / safe

    async def save(self, name: str, pieces: AsyncIterator[bytes], longest: int) -> str:
        """Keep an upload whole or not at all; returns the name it is kept under. Raises ``Refusal``."""
        target = self.path(name)
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        size = 0
        try:
            with partial.open("wb") as file:
                async for piece in pieces:
                    size += len(piece)
                    if size > longest:
                        raise Refusal(Reason.INVALID, f"The file is larger than {longest} bytes.", limit=longest)
                    file.write(piece)
            if size == 0:
                raise Refusal(Reason.INVALID, "The file is empty.")
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target.name

    def names(self) -> list[str]:
        """What was uploaded."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.is_file() and path.name[0] != ".")

    def delete(self, name: str) -> bool:
        """Delete an upload; whether there was one."""
        if name not in self.names():
            return False
        (self._folder / name).unlink(missing_ok=True)
        return True
