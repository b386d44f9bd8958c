"""The Dockerfile kept honest without an engine: its own commands, run in a clean environment.

Every RUN of the build stage, the CMD and the HEALTHCHECK are taken from the file and executed with ``/venv`` and
``/app`` moved to a temporary folder; COPY obeys .dockerignore. What only an engine can do (the base image, the
user) is checked as text.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Step:
    stage: int
    command: str
    text: str


def steps() -> list[Step]:
    """The instructions, continuation lines joined, numbered by build stage."""
    joined = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    found: list[Step] = []
    stage = -1
    for line in joined.splitlines():
        if line and not line.startswith("#"):
            command, text = line.split(maxsplit=1)
            stage += command == "FROM"
            found.append(Step(stage, command, text))
    return found


def of(command: str, stage: int) -> list[str]:
    return [step.text for step in steps() if step.command == command and step.stage == stage]


def test_the_image_is_slim_and_does_not_run_as_root() -> None:
    assert all("-slim" in step.text for step in steps() if step.command == "FROM")
    assert of("USER", 1) == ["zhiju"]
    assert any(text.startswith("useradd") and "zhiju" in text for text in of("RUN", 1))


def test_the_image_uses_the_same_torch_as_make() -> None:
    pinned = re.search(r"^TORCH_VERSION\s*:=\s*(\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None
    assert f"torch=={pinned[1]}" in of("ARG", 0)[0]


class Container:
    """A folder that stands for the image's root, and an environment made of its ENV lines only."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = root / "app"
        self.app.mkdir()
        keep = ("PATH", "HOME", "PIP_", "SSL_", "REQUESTS_", "CURL_", "XDG_")
        self.environment = {name: value for name, value in os.environ.items() if name.startswith(keep)}
        self.environment["PIP_NO_COMPILE"] = "no"  # pip's way to say --no-compile: of 20,000 files the server imports a quarter

    def inside(self, text: str) -> str:
        """``text`` with the image's paths moved below ``root``."""
        return re.sub(r"(?<![\w.])/(venv|app)\b", rf"{self.root}/\1", text)

    def set(self, assignments: str) -> None:
        for name, value in re.findall(r'(\w+)=("[^"]*"|\S+)', self.inside(assignments)):
            self.environment[name] = value.strip('"').replace("$PATH", self.environment["PATH"])

    def copy(self, text: str) -> None:
        *sources, target = text.split()
        for source in sources:
            if source == ".":
                for path in _context():
                    self._place(path, self.app / path)
            else:
                self._place(Path(source), self.app / target / Path(source).name)

    def _place(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / source, target)

    def run(self, command: str) -> None:
        python = f"{Path(sys.executable).resolve()} -m venv"
        command = self.inside(command).replace("python -m venv", python, 1)
        done = subprocess.run(["sh", "-c", command], cwd=self.app, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def _context() -> Iterator[Path]:
    """The build context: what git tracks, less what .dockerignore names."""
    ignored = [line.strip() for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.strip()]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not any(fnmatch.fnmatch(name, rule) or name.startswith(f"{rule}/") for rule in ignored):
            yield Path(name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.encoder
@pytest.mark.process
def test_the_steps_build_an_image_that_becomes_healthy(tmp_path: Path) -> None:
    container = Container(tmp_path)
    for step in steps():
        if step.stage == 0:
            match step.command:
                case "ENV":
                    container.set(step.text)
                case "ARG":
                    container.set(f"TORCH=torch=={version('torch')}")  # as --build-arg TORCH=… does
                case "COPY":
                    container.copy(step.text)
                case "RUN":
                    container.run(step.text)
    (environment,) = of("ENV", 1)
    container.set(environment)
    port = _free_port()
    container.environment |= {"RAG_PORT": str(port), "RAG_HOST": "127.0.0.1"}
    (command,) = of("CMD", 1)
    check = json.loads(of("HEALTHCHECK", 1)[0].split("CMD", 1)[1])
    check[-1] = check[-1].replace("7860", str(port))
    server = subprocess.Popen(json.loads(command), cwd=container.app, env=container.environment, executable=f"{tmp_path}/venv/bin/python")
    try:
        deadline = time.monotonic() + 120
        healthy = False
        while not healthy and time.monotonic() < deadline and server.poll() is None:
            time.sleep(0.2)
            healthy = subprocess.run(check, env=container.environment, capture_output=True, executable=f"{tmp_path}/venv/bin/python").returncode == 0
        assert healthy, f"the server did not become healthy (exit code {server.poll()})"
    finally:
        server.terminate()
        assert server.wait(30) == 0
