"""The order of the suite: what takes minutes begins first, so that the processes end together."""

from __future__ import annotations

import pytest

_LONGEST_FIRST = ("test_dockerfile.py", "test_real.py", "test_limits.py", "test_chat.py", "test_looks.py", "test_safety.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
