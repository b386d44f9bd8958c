"""Questions that the chat service refuses."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from rag.events import Event
from rag.web.records import Message
from rag.web.refusals import Refusal
from tests.fakes import finish


def refused(asking: Generator[Event, None, Message]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        finish(asking)
    return caught.value
