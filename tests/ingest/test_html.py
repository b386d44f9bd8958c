"""HTML as a reader sees it."""

from __future__ import annotations

import pytest

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.html import read_html


def read(page: str | bytes) -> Draft:
    (draft,) = read_html(page if isinstance(page, bytes) else page.encode(), "a.html")
    assert isinstance(draft, Draft)
    return draft


def test_headings_lists_tables_and_code_keep_their_form() -> None:
    page = """<html><head><title> 产品
      手册  A </title></head><body>
      <h1>总则 <b>一</b></h1><p>第一段
      续行 and <a href="http://x">a link</a>.<br>新行</p>
      有两点：<ul><li>甲<ol start="3"><li>子一</li><li>子二</li></ol></li><li><p>乙</p></li></ul>
      <h2>价格</h2>
      <table><tr><th>名</th><th>价</th></tr><tr><td>A|B</td><td>2<br>元</td></tr><tr><td colspan="2">合计</td></tr></table>
      <pre>x = 1
  y</pre></body></html>"""
    draft = read(page)
    assert draft.title == "产品手册 A"
    assert draft.text == (
        "# 总则 一\n\n第一段续行 and a link.\n新行\n\n有两点：\n- 甲\n  3. 子一\n  4. 子二\n- 乙\n\n## 价格\n\n"
        "| 名 | 价 |\n| --- | --- |\n| A\\|B | 2 元 |\n| 合计 |  |\n\n```\nx = 1\n  y\n```"
    )


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- PWNED -->",
        "<script>PWNED</script>",
        "<style>.PWNED{}</style>",
        "<template>PWNED</template>",
        "<noscript>PWNED</noscript>",
        "<p hidden>PWNED</p>",
        '<div style="display: none"><p>PWNED</p></div>',
        '<div style="VISIBILITY:hidden">PWNED</div>',
        '<span style="opacity:0">PWNED</span>',
        '<span style="font-size:0px">PWNED</span>',
        '<span style="position:absolute;left:-9999px">PWNED</span>',
        '<span style="color:#FFFFFF">PWNED</span>',
        '<span style="color: white;">PWNED</span>',
        '<i aria-hidden="true">PWNED</i>',
        "<dialog>PWNED</dialog>",
        '<h2>题<span style="display:none">PWNED</span></h2>',
        '<table><tr><td>a</td><td style="display:none">PWNED</td><td>b</td></tr></table>',
        '<input value="PWNED"><textarea>PWNED</textarea>',
        '<img alt="PWNED" src="http://x">',
    ],
)
def test_what_is_not_seen_is_not_read(hidden: str) -> None:
    text = read(f"<body><p>前</p>{hidden}<p>后</p></body>").text
    assert "PWNED" not in text
    assert text.startswith("前\n") and text.endswith("后")


@pytest.mark.parametrize("style", ["opacity:0.9", "font-size:0.9em", "color:#fffabc", "background-color:white", "display:block"])
def test_what_is_seen_is_read(style: str) -> None:
    assert read(f'<p style="{style}">看得见</p>').text == "看得见"


def test_white_on_a_dark_ground_is_seen() -> None:
    assert read('<div style="background:#000"><p style="color:#fff">亮字</p></div>').text == "亮字"


def test_tables_that_lay_out_a_page_are_read_as_text() -> None:
    assert read("<table><tr><td><h2>新闻</h2><p>一。</p></td><td><p>二。</p></td></tr></table>").text == "## 新闻\n\n一。\n\n二。"


def test_title_falls_back_to_the_first_heading() -> None:
    assert read("<h1>手册</h1><p>正文</p>").title == "手册"


@pytest.mark.parametrize(
    ("declared", "codec"), [("gb2312", "gbk"), ("big5", "big5"), ("utf-8", "utf-8"), ("utf-8", "gbk"), ("nonsense", "gbk")]
)
def test_declared_encodings_are_believed_when_they_hold(declared: str, codec: str) -> None:
    page = f'<html><head><meta charset="{declared}"></head><body><p>這是中文的文件</p></body></html>'
    assert read(page.encode(codec)).text == "這是中文的文件"


def test_a_page_without_visible_text_is_an_error() -> None:
    with pytest.raises(IngestError, match="shows no text"):
        read("<body><script>render()</script><p hidden>x</p></body>")


def test_deep_nesting_and_long_tables_are_read() -> None:
    assert read("<div>" * 20_000 + "底" + "</div>" * 20_000).text == "底"
    assert read("<table>" + "<tr><td>a</td><td>b</td></tr>" * 3000 + "</table>").text.count("| a | b |") == 3000
