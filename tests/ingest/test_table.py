"""Tables of separated values."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import IngestError
from rag.ingest.loaders import load
from rag.ingest.table import read_table
from rag.types import Document


def text_of(data: str | bytes, name: str = "价格.csv") -> str:
    [draft] = read_table(data if isinstance(data, bytes) else data.encode(), name)
    return draft.text


def test_every_row_says_what_its_cells_are() -> None:
    assert text_of("型号,单价,备注\nYS100,138元,\nYS200,690元,含税\n") == "- 型号：YS100，单价：138元\n- 型号：YS200，单价：690元，备注：含税"


def test_an_english_table_is_set_in_english() -> None:
    assert text_of("model;price\nYS100;138 yuan\n") == "- model: YS100, price: 138 yuan"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_sign_between_cells_is_found(delimiter: str) -> None:
    assert text_of(f"型号{delimiter}单价\nYS100{delimiter}138元") == "- 型号：YS100，单价：138元"


def test_what_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    quoted = '\ufeff型号,备注\r\nYS100,"含""首年""流量,\r\n第二年起收费"\r\n,\r\n'
    assert text_of(quoted) == '- 型号：YS100，备注：含"首年"流量, 第二年起收费'
    assert text_of("型号,单价\nYS100,138元\n".encode("gb18030")) == "- 型号：YS100，单价：138元"


def test_cells_beyond_the_named_columns_are_kept() -> None:
    assert text_of("型号,单价\nYS100,138元,缺货\nYS200\n") == "- 型号：YS100，单价：138元，缺货\n- 型号：YS200"


def test_a_fault_names_its_line_and_loses_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "坏.csv").write_text('型号,单价\nYS100,"138元\n', encoding="utf-8")
    (tmp_path / "头.csv").write_text("型号,单价\n", encoding="utf-8")
    (tmp_path / "好.tsv").write_text("型号\t单价\nYS100\t138元\n", encoding="utf-8")
    found = list(load([tmp_path], 1 << 20))
    [document] = [one for one in found if isinstance(one, Document)]
    assert (document.title, document.id) == ("好", "好.tsv")
    reasons = " ".join(str(one) for one in found if not isinstance(one, Document))
    assert "line 2" in reasons
    assert "no row below" in reasons


def test_a_file_without_rows_is_refused() -> None:
    with pytest.raises(IngestError, match="no row below the names"):
        text_of("型号,单价\n")
