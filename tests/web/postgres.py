"""A PostgreSQL for the tests: the one that ``ZHIJU_TEST_POSTGRES`` names, or a cluster of our own in a temporary folder.

The cluster listens on a socket file only, so that several may run beside one another; as root it is run by another
user, since PostgreSQL refuses root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

VARIABLE = "ZHIJU_TEST_POSTGRES"
MISSING = (
    f"no PostgreSQL: install it (apt-get install postgresql) and its driver (pip install 'zhiju[postgres]'), "
    f"or set {VARIABLE}=postgresql://USER@HOST/NAME"
)
_STARTS_WITHIN = 60.0


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, the newest there is; None without."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextmanager
def cluster(folder_of_binaries: Path) -> Iterator[URL]:
    """A fresh cluster until the block ends; the address of its database."""
    home = Path(tempfile.mkdtemp(prefix="zhiju-postgres-"))
    runner = _runner(home)
    initdb: list[str | Path] = [folder_of_binaries / "initdb", *"-U zhiju -A trust -E UTF8 --no-locale --no-sync -D".split(), home / "data"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=home, **runner)
    settings = ["listen_addresses=", f"unix_socket_directories={home}", "fsync=off", "max_connections=100"]
    options = [part for setting in settings for part in ("-c", setting)]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [folder_of_binaries / "postgres", "-D", home / "data", *options], stdout=log, stderr=log, cwd=home, **runner
        )
    address = URL.create("postgresql+psycopg", "zhiju", database="postgres", query={"host": str(home)})
    try:
        _await(address, process, home / "log")
        yield address
    finally:
        process.send_signal(signal.SIGINT)  # its fast shutdown: it does not wait for those who are connected
        process.wait(30)
        shutil.rmtree(home)


def _runner(home: Path) -> dict[str, Any]:
    """Who runs the cluster: the user of the tests, or another where that is root."""
    if os.geteuid() != 0:
        return {}
    user = next(one for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody"))
    os.chown(home, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _await(address: URL, process: subprocess.Popen[bytes], log: Path) -> None:
    engine = create_engine(address)
    deadline = time.monotonic() + _STARTS_WITHIN
    try:
        while True:
            try:
                engine.connect().close()
                return
            except OperationalError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("PostgreSQL did not start: " + log.read_text(errors="replace")) from None
                time.sleep(0.05)
    finally:
        engine.dispose()


@contextmanager
def schema(address: URL, name: str) -> Iterator[str]:
    """A schema of its own until the block ends, and the URL whose tables live in it."""
    engine = create_engine(address.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    try:
        inside = address.set(drivername="postgresql").update_query_dict({"options": f"-csearch_path={name}"})
        yield inside.render_as_string(hide_password=False)
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()


def named() -> URL | None:
    """The server that the environment names."""
    address = os.environ.get(VARIABLE)
    return make_url(address) if address else None
