"""PDF files: pages, wrapped lines, furniture, bookmarks, encryption, damage."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.pages import join_lines, tidy, without_furniture
from rag.ingest.pdf import read_pdf
from rag.ingest.sources import Failure


def pdf(pages: Sequence[Sequence[str]], bookmarks: Sequence[tuple[str, int]] = (), password: str = "", title: str = "") -> bytes:
    writer = PdfWriter()
    font = DictionaryObject(
        {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"), NameObject("/BaseFont"): NameObject("/Helvetica")}
    )
    for lines in pages:
        page = writer.add_blank_page(600, 800)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F"): font})})
        stream = DecodedStreamObject()
        shown = "".join(f"({line}) Tj 0 -14 Td\n" for line in lines)
        stream.set_data(f"BT /F 12 Tf 40 760 Td\n{shown}ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
    for name, number in bookmarks:
        writer.add_outline_item(title=name, page_number=number)
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def read(data: bytes) -> Draft:
    (draft,) = read_pdf(data, "a.pdf")
    assert isinstance(draft, Draft)
    return draft


def test_pages_end_with_form_feeds_and_wrapped_lines_are_joined() -> None:
    data = pdf(
        [["The committee that met in spring decided to pub-", "lish every one of its findings in the au-", "tumn. It was not easy."], ["A second page."]],
        title="Report",
    )
    draft = read(data)
    assert draft.title == "Report"
    assert draft.text == "The committee that met in spring decided to publish every one of its findings in the autumn. It was not easy.\fA second page."


def test_bookmarks_become_headings() -> None:
    data = pdf([["Introduction", "Some words here."], ["Results", "More words."]], [("Introduction", 0), ("Results", 1)])
    assert read(data).text == "# Introduction\n\nSome words here.\f# Results\n\nMore words."


def test_page_numbers_and_common_heads_are_dropped() -> None:
    pages = [["ACME Annual Report", f"Text of page {word}.", f"Page {number} of 5"] for number, word in enumerate("abcde", 1)]
    assert read(pdf(pages)).text == "\f".join(f"Text of page {word}." for word in "abcde")


def test_a_password_is_asked_for_to_be_removed() -> None:
    with pytest.raises(IngestError, match="without a password"):
        read(pdf([["x"]], password="secret"))


def test_a_file_without_text_layer_asks_for_recognition() -> None:
    with pytest.raises(IngestError, match="OCR"):
        read(pdf([[], []]))


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_file_cut_short_is_read_or_says_that_it_is_damaged(part: float) -> None:
    whole = pdf([["words"]] * 3)
    data = whole[: int(len(whole) * part)]
    try:
        text = read(data).text
    except IngestError as error:
        assert "again" in str(error) or "OCR" in str(error)
    else:
        assert "words" in text


def test_a_page_that_cannot_be_read_is_named_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pdf([["one"], ["two"], ["three"]])
    real = type(PdfReader(io.BytesIO(data)).pages[0]).extract_text
    calls = iter([False, True, False])

    def fails_on_the_second(self: object, *args: object, **options: object) -> str:
        if next(calls):
            raise KeyError("/Font")
        return str(real(self, *args, **options))  # type: ignore[arg-type]

    monkeypatch.setattr("pypdf.PageObject.extract_text", fails_on_the_second)
    failure, draft = read_pdf(data, "a.pdf")
    assert isinstance(failure, Failure) and failure.source == "a.pdf, page 2"
    assert isinstance(draft, Draft) and draft.text == "one\f\fthree"


def test_chinese_lines_are_joined_without_a_space() -> None:
    lines = ["量子纠错通过使用冗余提供了一种解决方案，将多个量子比", "特分组为单个逻辑量子比特。", "下一段在这里。"]
    assert join_lines(lines, {}) == "量子纠错通过使用冗余提供了一种解决方案，将多个量子比特分组为单个逻辑量子比特。\n下一段在这里。"


def test_list_items_and_short_lines_stay_apart() -> None:
    lines = ["产品说明", "这一行写满了整个页面的宽度因此它很可能是一个折行", "1. 第一点", "2. 第二点"]
    assert join_lines(lines, {}).split("\n") == lines


def test_radicals_ligatures_and_gaps_are_undone() -> None:
    assert tidy("量⼦⽐特 , 第⼀⻚ 的 ﬁle name") == "量子比特, 第一页的 file name"


def test_numbers_that_are_the_only_line_of_a_page_stay() -> None:
    assert without_furniture([["42"], ["正文", "- 2 -"]]) == [["42"], ["正文"]]
