"""Serves the real web application over scripted answers, for the browser tests, in a process of its own.

    python -m tests.browser.serve [--opens-after FILE] [--broken]

Settings come from the environment, as in production; prints its address once it listens.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rag.config import Settings
from rag.errors import IndexCorrupt
from rag.web.backend import Backend
from rag.web.server import create_app, serve
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
    serve(settings, create_app(settings, Backend(open_engine)), _tell)


def _tell(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
