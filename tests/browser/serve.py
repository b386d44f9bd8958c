"""Serves the real web application over scripted answers, for the browser tests, in a process of its own.

    python -m tests.browser.serve [--opens-after FILE] [--broken]

Settings come from the environment, as in production; prints its address once it listens.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from pathlib import Path

import uvicorn

from rag.config import Settings
from rag.errors import IndexCorrupt
from rag.web.backend import Backend
from rag.web.server import create_app
from tests.browser.fake_engine import FakeEngine


def main() -> None:
    """Listen until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--opens-after", type=Path, help="open the index once this file is there")
    parser.add_argument("--broken", action="store_true")
    options = parser.parse_args()

    def open_engine() -> FakeEngine:
        while options.opens_after and not options.opens_after.exists():
            time.sleep(0.05)
        if options.broken:
            raise IndexCorrupt("secret-path/vectors.bin is cut short")
        return FakeEngine()

    settings = Settings.load()
    listener = socket.create_server((settings.host, settings.port))
    app = create_app(settings, Backend(open_engine))
    sys.stdout.write(f"http://{settings.host}:{listener.getsockname()[1]}{settings.base_path}/\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_level="warning", access_log=False, proxy_headers=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
