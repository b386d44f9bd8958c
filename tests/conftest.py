"""The order of the suite: what takes minutes begins first, so that the processes end together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

_HERE = Path(__file__).parent
_LONGEST_FIRST = (
    "test_dockerfile.py",
    "browser/test_limits.py",
    "browser/test_safety.py",
    "browser/test_chat.py",
    "browser/test_sending.py",
    "browser/test_looks.py",
    "browser/test_real.py",
    "browser/test_admin.py",
    "eval/test_broken_parts.py",
    "retrieval/test_assembly.py",
    "web/test_page_server.py",
    "eval/test_command_line.py",
)

settings.register_profile("zhiju", deadline=None)  # how long an example takes is the machine's business
settings.load_profile("zhiju")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {_HERE / name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
