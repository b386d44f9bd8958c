"""Progress bars: what a waiting person sees."""

from __future__ import annotations

import pytest

from rag.progress import Bar, Steps


def test_a_bar_shows_how_much_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("Indexing") as bar:
        bar.update(1, 4)
    shown = capsys.readouterr().err
    assert "Indexing:  25%" in shown
    assert "1/4" in shown


def test_a_bar_without_news_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("Indexing"):
        pass
    assert capsys.readouterr().err == ""


def test_each_step_has_its_own_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with Steps() as steps:
        steps.update("part 1", 500, 1000)
        steps.update("part 2", 10, 0)
    shown = capsys.readouterr().err
    assert "part 1: " in shown
    assert "part 2: " in shown
