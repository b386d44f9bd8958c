"""PowerPoint files: a page a slide, order, depth, tables, diagrams, notes, what is hidden, and files that are none."""

from __future__ import annotations

import io
import zipfile

import pptx
import pytest
from pptx.presentation import Presentation
from pptx.util import Cm

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.pptx import read_pptx
from rag.ingest.sources import Failure

_CONTENT, _TITLE_ONLY, _BLANK = 1, 5, 6


def saved(deck: Presentation) -> bytes:
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def read(deck: Presentation) -> Draft:
    [draft] = read_pptx(saved(deck), "a.pptx")
    assert isinstance(draft, Draft)
    return draft


def test_slides_are_pages_with_titles_items_tables_and_notes() -> None:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[_CONTENT])
    first.shapes.title.text = "年度\v计划"
    frame = first.placeholders[1].text_frame
    frame.text = "目标"
    below = frame.add_paragraph()
    below.text, below.level = "营收增长两成", 1
    first.notes_slide.notes_text_frame.text = "讲到这里停一下。"
    second = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
    second.shapes.title.text = "预算"
    table = second.shapes.add_table(2, 2, Cm(1), Cm(8), Cm(8), Cm(2)).table
    for place, text in enumerate(["部门", "万元", "研发", "120"]):
        table.cell(place // 2, place % 2).text = text
    box = second.shapes.add_textbox(Cm(1), Cm(5), Cm(8), Cm(1))
    box.text_frame.text = "单位为万元。"
    draft = read(deck)
    assert draft.title == "年度 计划"
    assert draft.text == (
        "## 年度 计划\n\n- 目标\n  - 营收增长两成\n\n讲到这里停一下。\f## 预算\n\n单位为万元。\n\n| 部门 | 万元 |\n| --- | --- |\n| 研发 | 120 |"
    )


def test_boxes_are_read_from_the_top_and_groups_where_they_stand() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[_BLANK])
    for top, text in ((9, "末"), (1, "首")):
        slide.shapes.add_textbox(Cm(1), Cm(top), Cm(5), Cm(1)).text_frame.text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Cm(1), Cm(5), Cm(5), Cm(1)).text_frame.text = "中"
    assert read(deck).text == "首\n\n中\n\n末"


def test_hidden_slides_and_footers_are_left_out_and_pages_keep_their_numbers() -> None:
    deck = pptx.Presentation()
    for title in ("草稿", "定稿"):
        slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY])
        slide.shapes.title.text = title
        footer = slide.shapes.add_textbox(Cm(1), Cm(18), Cm(5), Cm(1))
        footer.text_frame.text = "内部资料"
        mark = footer._element.makeelement("{http://schemas.openxmlformats.org/presentationml/2006/main}ph", {"type": "ftr"})
        footer._element.nvSpPr.nvPr.append(mark)
    deck.slides[0]._element.set("show", "0")
    assert read(deck).text == "\f## 定稿"


def test_a_diagram_gives_its_points() -> None:
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI
    from pptx.oxml import parse_xml

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[_BLANK])
    d, a = "http://schemas.openxmlformats.org/drawingml/2006/diagram", "http://schemas.openxmlformats.org/drawingml/2006/main"
    points = "".join(f"<d:pt><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>" for text in ("申请", "审批"))
    blob = f'<d:dataModel xmlns:d="{d}" xmlns:a="{a}"><d:ptLst>{points}<d:pt/></d:ptLst></d:dataModel>'.encode()
    package = slide.part.package
    part = Part(PackURI("/ppt/diagrams/data1.xml"), "application/vnd.openxmlformats-officedocument.drawingml.diagramData+xml", package, blob)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
    reference = slide.part.relate_to(part, kind)
    frame = parse_xml(
        '<p:graphicFrame xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        f'xmlns:a="{a}" xmlns:d="{d}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<p:nvGraphicFramePr><p:cNvPr id="9" name="d"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>'
        '<p:xfrm><a:off x="0" y="0"/><a:ext cx="9" cy="9"/></p:xfrm>'
        f'<a:graphic><a:graphicData uri="{d}"><d:relIds r:dm="{reference}"/></a:graphicData></a:graphic></p:graphicFrame>'
    )
    slide.shapes._spTree.append(frame)
    assert read(deck).text == "- 申请\n- 审批"


def test_a_slide_that_cannot_be_read_is_told_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.ingest import pptx as reader

    deck = pptx.Presentation()
    for title in ("坏", "好"):
        deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY]).shapes.title.text = title
    whole = reader._slide_text

    def faulty(slide: object, title: str) -> str:
        if title == "坏":
            raise KeyError("no relationship")
        return whole(slide, title)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "_slide_text", faulty)
    failure, draft = read_pptx(saved(deck), "a.pptx")
    assert isinstance(failure, Failure)
    assert failure.source == "a.pptx, slide 1"
    assert isinstance(draft, Draft)
    assert draft.text == "\f## 好"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "password"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"text", "no PowerPoint file"),
    ],
)
def test_what_is_no_presentation_is_refused_with_advice(data: bytes, message: str) -> None:
    with pytest.raises(IngestError, match=message):
        list(read_pptx(data, "a.pptx"))


def test_damaged_parts_bombs_and_empty_decks_are_refused() -> None:
    deck = pptx.Presentation()
    with pytest.raises(IngestError, match="no slide of it"):
        list(read_pptx(saved(deck), "a.pptx"))
    deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY]).shapes.title.text = "题"
    whole = saved(deck)
    for wanted in ("ppt/presentation.xml", "ppt/slides/slide1.xml", "[Content_Types].xml"):
        cut = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(cut, "w") as target:
            for name in source.namelist():
                target.writestr(name, b"<x" if name == wanted else source.read(name))
        with pytest.raises(IngestError):
            list(read_pptx(cut.getvalue(), "a.pptx"))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("ppt/slides/slide1.xml", b" " * 50_000_000)
    with pytest.raises(IngestError, match="unpack"):
        list(read_pptx(bomb.getvalue(), "a.pptx"))
