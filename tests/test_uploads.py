"""Uploads are a source like any other, at every start."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.build import sources_of
from rag.config import Settings


@pytest.mark.parametrize("named", [True, False])
def test_uploads_join_the_sources_while_there_are_any(tmp_path: Path, named: bool) -> None:
    uploads = tmp_path / "uploads"
    given = {"sources": (tmp_path / "docs",)} if named else {}
    settings = Settings.load({}, upload_dir=uploads, index_dir=tmp_path / "index", **given)
    before = sources_of(settings)
    assert uploads not in before
    uploads.mkdir()
    assert sources_of(settings) == before
    (uploads / "a.md").write_text("# 标题\n\n一句话。\n", encoding="utf-8")
    assert sources_of(settings) == (*before, uploads)
