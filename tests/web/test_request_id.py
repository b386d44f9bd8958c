"""What fails is in the log under the name that the reader was given, wherever the work is done."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

from rag.web.request_id import Named, naming
from tests.fakes.engine import FakeEngine
from tests.web.conftest import Live
from tests.web.page_client import GradioPage

pytestmark = pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting'")  # Gradio's use of pandas


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    named = Named()
    caplog.handler.addFilter(named)
    yield caplog
    caplog.handler.removeFilter(named)


def broken(_question: str) -> list[Exception]:
    return [RuntimeError("the disk is gone")]


def names(log: pytest.LogCaptureFixture) -> set[str]:
    return {str(vars(record)["request"]) for record in log.records if record.exc_info and "failed" in record.getMessage()}


def test_outside_a_request_nothing_is_added(log: pytest.LogCaptureFixture) -> None:
    logging.getLogger("rag.test").error("one")
    with naming("r1"):
        logging.getLogger("rag.test").error("two")
    assert [vars(record)["request"] for record in log.records] == ["", " [r1]"]


def test_an_answer_that_fails_over_the_api_is_logged_with_the_request(live: Live, log: pytest.LogCaptureFixture) -> None:
    reply = live(FakeEngine(broken)).post("/api/ask", json={"question": "保修？", "stream": False})
    assert reply.status_code == 500
    assert "disk" not in reply.text
    assert names(log) == {f" [{reply.headers['x-request-id']}]"}


def test_an_answer_that_fails_on_the_page_is_logged_with_a_request(live: Live, log: pytest.LogCaptureFixture) -> None:
    GradioPage(live(FakeEngine(broken), page=True)).ask("保修？")
    (name,) = names(log)
    assert re.fullmatch(r" \[[0-9a-f]{16}\]", name)
