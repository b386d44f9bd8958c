"""Excel workbooks: which rows name the columns, merged cells, values as shown, what is hidden, and files that are none."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.loaders import load
from rag.ingest.sources import Failure
from rag.ingest.xlsx import read_xlsx
from rag.types import Document

Rows = Sequence[list[Any]]


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def changed(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with another first sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            target.writestr(name, change(part) if name.endswith("sheet1.xml") else part)
    return out.getvalue()


def text_of(rows: Rows, change: Callable[[Worksheet], None] | None = None) -> str:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(sheet)
    [draft] = read_xlsx(saved(book), "费率表.xlsx")
    assert isinstance(draft, Draft)
    assert draft.title == "费率表"
    return draft.text


def test_every_row_says_what_its_cells_are() -> None:
    rows: Rows = [["型号", "单价", "折扣", "上市"], ["YS100", 138, 0.85, datetime(2024, 3, 1)], ["YS200", 690.5, None, datetime(2024, 9, 1)]]

    def form(sheet: Worksheet) -> None:
        for row in (2, 3):
            sheet.cell(row, 2).number_format = '0.00"元"'
            sheet.cell(row, 3).number_format = "0%"
            sheet.cell(row, 4).number_format = 'yyyy"年"m"月"'

    assert text_of(rows, form) == (
        "- 型号：YS100，单价：138.00元，折扣：85%，上市：2024年3月\n- 型号：YS200，单价：690.50元，上市：2024年9月"
    )


def test_titles_units_and_notes_stand_around_the_table() -> None:
    rows: Rows = [
        ["2024年度差旅标准"], ["单位：元/天"],
        ["城市", "住宿", "伙食"], ["北京", 500, 100], ["成都", 380, 80],
        ["注：特区另行规定。"],
    ]  # fmt: skip
    expected = (
        "2024年度差旅标准\n\n单位：元/天\n\n- 城市：北京，住宿：500，伙食：100\n- 城市：成都，住宿：380，伙食：80\n\n注：特区另行规定。"
    )
    assert text_of(rows, lambda sheet: sheet.merge_cells("A1:C1")) == expected


def test_columns_named_in_two_rows_and_merged_records() -> None:
    rows: Rows = [
        ["年龄", "计划一", None, "备注"], [None, "有社保", "无社保", None],
        ["0至4岁", 766, 1530, "需体检"], ["5至10岁", 350, 702, None],
    ]  # fmt: skip

    def merge(sheet: Worksheet) -> None:
        for area in ("A1:A2", "B1:C1", "D1:D2", "D3:D4"):
            sheet.merge_cells(area)

    assert text_of(rows, merge) == (
        "- 年龄：0至4岁，计划一 有社保：766，计划一 无社保：1530，备注：需体检\n"
        "- 年龄：5至10岁，计划一 有社保：350，计划一 无社保：702，备注：需体检"
    )


def test_a_head_of_two_rows_without_a_merge_downwards() -> None:
    rows: Rows = [["部门", "预算", None], ["名称", "上半年", "下半年"], ["研发", 10, 20]]
    assert text_of(rows, lambda sheet: sheet.merge_cells("B1:C1")) == "- 部门 名称：研发，预算 上半年：10，预算 下半年：20"


def test_years_name_columns_though_they_are_numbers() -> None:
    assert text_of([["项目", 2023, 2024], ["收入", 12, 15]]) == "- 项目：收入，2023：12，2024：15"


def test_several_tables_in_one_sheet() -> None:
    rows: Rows = [
        ["姓名", "分机"], ["王芳", 8101], ["李雷", 8102], [],
        ["会议室"], ["房间", "容量", "楼层"], ["甲", 12, 3], [],
        ["乙", 20, 4],
    ]  # fmt: skip
    assert text_of(rows) == (
        "- 姓名：王芳，分机：8101\n- 姓名：李雷，分机：8102\n\n会议室\n\n- 房间：甲，容量：12，楼层：3\n- 房间：乙，容量：20，楼层：4"
    )


def test_text_tables_below_a_blank_row_go_on_unless_their_first_row_looks_like_names() -> None:
    rows: Rows = [["岗位", "职责"], ["前台", "接待"], [], ["保洁", "清扫"], ["保安", "巡逻"]]
    assert text_of(rows) == "- 岗位：前台，职责：接待\n- 岗位：保洁，职责：清扫\n- 岗位：保安，职责：巡逻"

    def bold(sheet: Worksheet) -> None:
        for cell in sheet[4]:
            cell.font = Font(bold=True)

    assert text_of(rows, bold) == "- 岗位：前台，职责：接待\n- 保洁：保安，清扫：巡逻"


def test_a_form_says_its_labels() -> None:
    assert text_of([["姓名：", "王芳", "部门：", "财务"], ["电话：", 8101]]) == "- 姓名：王芳，部门：财务\n- 电话：8101"


def test_what_is_hidden_is_left_out_and_sheets_are_sections() -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    first.title = "标准"
    for row in (["城市", "住宿", "成本"], ["北京", 500, 1], ["上海", 480, 2]):
        first.append(row)
    first.column_dimensions["C"].hidden = True
    first.row_dimensions[3].hidden = True
    second = book.create_sheet("联系人")
    second.append(["姓名", "分机"])
    second.append(["王芳", 8101])
    secret = book.create_sheet("底稿")
    secret.append(["密", "钥"])
    secret.sheet_state = "hidden"
    [draft] = read_xlsx(saved(book), "a.xlsx")
    assert isinstance(draft, Draft)
    assert draft.text == "## 标准\n\n- 城市：北京，住宿：500\n\n## 联系人\n\n- 姓名：王芳，分机：8101"


def test_formulas_without_values_are_told_and_the_rest_is_read() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in (["项目", "金额"], ["甲", 10], ["乙", 20], ["合计", "=SUM(B2:B3)"]):
        sheet.append(row)
    failure, draft = read_xlsx(saved(book), "账.xlsx")
    assert isinstance(failure, Failure)
    assert "B4" in failure.reason
    assert isinstance(draft, Draft)
    assert draft.text.endswith("- 项目：合计")


def test_stored_values_of_formulas_are_read_and_errors_are_not() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in (["项目", "金额", "率"], ["合计", "=SUM(1,2)", "=1/0"], ["说明", '=""', 1]):
        sheet.append(row)

    def store(part: bytes) -> bytes:
        for cell, stored in (("B2", "<v>3</v>"), ("C2", "<v>#DIV/0!</v>"), ("B3", "<v></v>")):
            kind = {"C2": ' t="e"', "B3": ' t="str"'}.get(cell, "")
            part, count = re.subn(f'r="{cell}"><f>(.*?)</f><v ?/?>(</v>)?'.encode(), f'r="{cell}"{kind}><f>\\1</f>{stored}'.encode(), part)
            assert count == 1
        return part

    [draft] = read_xlsx(changed(saved(book), store), "账.xlsx")
    assert isinstance(draft, Draft)
    assert draft.text == "- 项目：合计，金额：3\n- 项目：说明，率：1"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "password"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"name,price\n", "no Excel workbook"),
    ],
)
def test_what_is_no_workbook_is_refused_with_advice(data: bytes, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        list(read_xlsx(data, "a.xlsx"))


def test_damaged_parts_bombs_and_empty_books_are_refused() -> None:
    whole = saved(openpyxl.Workbook())
    with pytest.raises(IngestError, match="no visible sheet"):
        list(read_xlsx(whole, "a.xlsx"))
    for wanted in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml", "xl/styles.xml"):
        cut = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(cut, "w") as target:
            for name in source.namelist():
                target.writestr(name, b"<x" if name == wanted else source.read(name))
        with pytest.raises(IngestError, match="save it again as"):
            list(read_xlsx(cut.getvalue(), "a.xlsx"))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("xl/worksheets/sheet1.xml", b" " * 50_000_000)
    with pytest.raises(IngestError, match="unpack"):
        list(read_xlsx(bomb.getvalue(), "a.xlsx"))


def test_a_stray_cell_far_away_and_a_merged_sheet_cost_nothing() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["型号", "单价"])
    sheet.append(["YS100", 138])
    sheet.cell(1_048_576, 16_384).value = "末"

    def merge(part: bytes) -> bytes:
        merged = b'<mergeCells count="1"><mergeCell ref="A3:XFD1048575"/></mergeCells><pageMargins'
        return part.replace(b"<pageMargins", merged)

    [draft] = read_xlsx(changed(saved(book), merge), "a.xlsx")
    assert isinstance(draft, Draft)
    assert draft.text == "- 型号：YS100，单价：138\n\n末"


def test_a_workbook_in_a_folder_becomes_a_document(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["型号", "单价"])
    sheet.append(["YS100", 138])
    (tmp_path / "价格.xlsx").write_bytes(saved(book))
    (tmp_path / "旧.xls").write_bytes(b"x")
    document, skipped = load([tmp_path], 1 << 20)
    assert isinstance(document, Document)
    assert (document.id, document.title, document.text) == ("价格.xlsx", "价格", "- 型号：YS100，单价：138")
    assert isinstance(skipped, Failure)
    assert "save it as .xlsx" in skipped.reason
