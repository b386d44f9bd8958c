"""Word files: headings, lists, tables, hidden and deleted text, and files that are none."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag.errors import IngestError
from rag.ingest.docx import read_docx
from rag.ingest.drafts import Draft


def saved(document: docx.document.Document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def read(data: bytes) -> Draft:
    (draft,) = read_docx(data, "a.docx")
    assert isinstance(draft, Draft)
    return draft


def test_headings_lists_and_tables_keep_their_form() -> None:
    document = docx.Document()
    document.core_properties.title = "员工手册"
    document.add_heading("总则", 1)
    document.add_paragraph("第一段。")
    document.add_paragraph("要点如下：")
    document.add_paragraph("甲", style="List Bullet")
    document.add_paragraph("乙", style="List Bullet")
    document.add_paragraph("先", style="List Number")
    document.add_paragraph("后", style="List Number")
    document.add_heading("假期", 2)
    table = document.add_table(2, 2)
    for cell, text in zip([cell for row in table.rows for cell in row.cells], ["类别", "天数", "年假", "5|6"], strict=True):
        cell.text = text
    document.add_paragraph("完。")
    draft = read(saved(document))
    assert draft.title == "员工手册"
    assert draft.text == (
        "# 总则\n\n第一段。\n\n要点如下：\n\n- 甲\n- 乙\n1. 先\n2. 后\n\n## 假期\n\n"
        "| 类别 | 天数 |\n| --- | --- |\n| 年假 | 5\\|6 |\n\n完。"
    )


def test_hidden_and_deleted_text_is_left_out_and_inserted_text_kept() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("看得见")
    paragraph.add_run("看不见").font.hidden = True
    space = nsdecls("w")
    paragraph._p.append(parse_xml(f'<w:del {space} w:id="1" w:author="a"><w:r><w:delText>删去</w:delText></w:r></w:del>'))
    paragraph._p.append(parse_xml(f'<w:ins {space} w:id="2" w:author="a"><w:r><w:t>加上</w:t></w:r></w:ins>'))
    assert read(saved(document)).text == "看得见加上"


def test_outline_levels_and_derived_styles_are_headings() -> None:
    document = docx.Document()
    style = document.styles.add_style("章标题", WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("概述", style="章标题")
    outlined = document.add_paragraph("细则")
    outlined._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="2"/>'))
    assert read(saved(document)).text == "## 概述\n\n### 细则"


def test_placeholder_title_is_not_taken() -> None:
    document = docx.Document()
    document.core_properties.title = "Word Document"
    document.add_heading("真正的标题", 1)
    assert read(saved(document)).title == ""


def test_a_zip_bomb_is_not_unpacked() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 40_000_000)
    with pytest.raises(IngestError, match="unpack to 40000000 bytes"):
        read(buffer.getvalue())


@pytest.mark.parametrize("kind", ["zip without a document", "cut short", "broken xml"])
def test_damaged_files_say_so(kind: str) -> None:
    buffer = io.BytesIO()
    if kind == "zip without a document":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.txt", "x")
    elif kind == "cut short":
        whole = saved(docx.Document())
        buffer.write(whole[: len(whole) // 2])
    else:
        with zipfile.ZipFile(io.BytesIO(saved(docx.Document()))) as source, zipfile.ZipFile(buffer, "w") as archive:
            for name in source.namelist():
                archive.writestr(name, b"<broken" if name == "word/document.xml" else source.read(name))
    with pytest.raises(IngestError, match="damaged"):
        read(buffer.getvalue())


def test_a_file_without_text_says_so() -> None:
    with pytest.raises(IngestError, match="no text"):
        read(saved(docx.Document()))
