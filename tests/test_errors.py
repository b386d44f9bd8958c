"""The exception tree is the one its module's docstring draws."""

from __future__ import annotations

import inspect
import re

import pytest

from rag import errors

DRAWN = re.findall(r"^ +[│├└─ ]*([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)
DEFINED = [name for name, value in inspect.getmembers(errors, inspect.isclass) if value.__module__ == errors.__name__]


def test_the_drawing_names_every_error_once() -> None:
    assert sorted(DRAWN) == sorted(DEFINED)


@pytest.mark.parametrize("name", DEFINED)
def test_every_error_is_a_rag_error_and_says_what_it_means(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.RagError)
    assert error.__doc__


def test_kinds_are_caught_by_their_family() -> None:
    assert issubclass(errors.UnsupportedFormat, errors.IngestError)
    assert issubclass(errors.IndexCorrupt, errors.StoreError)
    assert issubclass(errors.MalformedReply, errors.ModelError)
