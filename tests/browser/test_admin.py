"""The administrator in a real browser, over the product itself: documents come, change and go, and the chat follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.axe import violations
from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat, Server, StartServer, free_port

pytestmark = [pytest.mark.browser, pytest.mark.encoder]

TOKEN = "the-token-of-the-administrator"
MANUAL = "# 保修\n\n星河扫地机器人整机保修两年。电池保修一年。\n\n# 退货\n\n收货后七天内可以无理由退货。\n"
HOLIDAYS = "# 年假\n\n每位员工每年有十五天年假。\n\n# 病假\n\n病假需要医院证明。\n"
WARRANTY = "星河扫地机器人整机保修多久？"
LEAVE = "员工每年有多少天年假？"
PATIENCE = 60_000


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the server: two documents, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("library") / "docs"
    folder.mkdir()
    (folder / "产品手册.md").write_text(MANUAL, encoding="utf-8")
    (folder / "员工假期.md").write_text(HOLIDAYS, encoding="utf-8")
    (folder / "坏的.pdf").write_bytes(b"%PDF-1.7 nothing that can be read")
    return folder


@pytest.fixture(scope="session")
def library(start_lasting_server: StartServer, documents: Path) -> Server:
    """The product over these documents. Each test leaves them as they were."""
    places = {"sources": documents, "index_dir": documents.parent / "index", "upload_dir": documents.parent / "uploads"}
    return start_lasting_server(command=("app.py",), llm="none", admin_token=TOKEN, port=free_port(), **places)


@pytest.fixture
def admin(browser: Browser, library: Server) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800}, accept_downloads=True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    enter(page, library)
    expect(page.locator("#rows tr").first).to_be_visible(timeout=PATIENCE)
    yield page
    context.close()


def enter(page: Page, server: Server, token: str = TOKEN) -> None:
    page.goto(server.address + "admin")
    page.get_by_label("管理令牌").fill(token)
    page.get_by_role("button", name="进入").click()


def reindex(admin: Page) -> None:
    admin.get_by_role("button", name="重建索引").click()
    expect(admin.locator("#phase")).to_contain_text("重建完成", timeout=PATIENCE)


def titles(admin: Page) -> list[str]:
    return admin.locator("#rows tr td:nth-child(2)").all_inner_texts()


def asked(open_chat: OpenChat, library: Server, question: str) -> Chat:
    chat = open_chat(at=library, ready=False)
    expect(chat.page.locator(".zj-facts")).to_be_visible(timeout=PATIENCE)
    chat.ask(question)
    expect(chat.last.locator(".zj-text a.cite").first).to_be_visible()
    return chat


def test_the_door_opens_for_the_token_alone_and_keeps_it_nowhere(browser: Browser, library: Server) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    enter(page, library, "wrong")
    expect(page.locator("#notice")).to_contain_text("出错了", timeout=PATIENCE)
    expect(page.locator("#room")).to_be_hidden()
    enter(page, library)
    expect(page.locator("#rows tr")).to_have_count(2, timeout=PATIENCE)  # by itself, once the index is open
    expect(page.locator("#state")).to_contain_text("索引已打开 · 2 篇文档")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert TOKEN not in kept
    page.reload()
    expect(page.locator("#door")).to_be_visible()
    context.close()


def test_documents_are_listed_and_filtered(admin: Page) -> None:
    expect(admin.locator("#rows tr")).to_have_count(2)
    assert sorted(titles(admin)) == ["产品手册.md", "员工假期.md"]
    row = admin.locator("#rows tr").filter(has_text="产品手册")
    expect(row.locator("td").nth(3)).to_have_text("2")
    admin.locator("#filter").fill("假期")
    expect(admin.locator("#rows tr")).to_have_count(1)


def test_what_cannot_be_read_is_named_with_its_reason(admin: Page) -> None:
    reindex(admin)
    failures = admin.locator("#failures")
    expect(failures).to_contain_text("未能索引的文件 (1)")
    expect(failures.locator("p")).to_contain_text("坏的.pdf: ")


def test_an_upload_is_indexed_asked_about_and_removed_and_its_citation_says_it_is_gone(
    admin: Page, open_chat: OpenChat, library: Server
) -> None:
    text = "# 食堂\n\n公司食堂星期三供应牛肉面。\n"
    admin.locator("#files").set_input_files({"name": "食堂.md", "mimeType": "text/markdown", "buffer": text.encode()})
    expect(admin.locator("#notice")).to_contain_text("已上传，重建索引后生效: 食堂.md", timeout=PATIENCE)
    reindex(admin)
    expect(admin.locator("#rows tr")).to_have_count(3)
    chat = asked(open_chat, library, "公司食堂星期三供应什么？")
    expect(chat.last).to_contain_text("牛肉面")
    expect(chat.last.locator(".zj-badge")).to_have_count(0)
    admin.get_by_role("button", name="移除 食堂").click()
    expect(admin.locator("#notice")).to_contain_text("已移除", timeout=PATIENCE)
    expect(admin.locator("#rows tr")).to_have_count(2)
    chat.page.reload()
    expect(chat.last.locator(".zj-badge").first).to_be_attached(timeout=PATIENCE)
    assert chat.last.locator(".zj-badge").first.text_content() == "文档已移除"
    chat.last.locator(".zj-text a.cite").first.click()
    expect(chat.page.locator(".zj-panel mark.zj-active")).to_contain_text("牛肉面")  # frozen with the message
    reindex(admin)
    expect(admin.locator("#rows tr")).to_have_count(2)


def test_a_citation_says_when_its_source_has_changed_and_when_it_has_not(
    admin: Page, open_chat: OpenChat, library: Server, documents: Path
) -> None:
    chat = asked(open_chat, library, WARRANTY)
    expect(chat.last).to_contain_text("两年")
    manual = documents / "产品手册.md"
    try:
        manual.write_text(MANUAL + "\n# 附录\n\n本手册另有英文版。\n", encoding="utf-8")
        reindex(admin)
        chat.page.reload()
        expect(chat.last.locator(".zj-text a.cite").first).to_be_visible(timeout=PATIENCE)
        expect(chat.last.locator(".zj-badge")).to_have_count(0)  # the cited words still stand in it
        manual.write_text(MANUAL.replace("整机保修两年", "整机保修三年"), encoding="utf-8")
        reindex(admin)
        chat.page.reload()
        expect(chat.last.locator(".zj-badge").first).to_be_attached(timeout=PATIENCE)
        assert chat.last.locator(".zj-badge").first.text_content() == "原文已修改"
        chat.last.locator(".zj-text a.cite").first.click()
        expect(chat.page.locator(".zj-panel mark.zj-active")).to_contain_text("保修两年")
        expect(chat.ask(WARRANTY)).to_contain_text("三年")
    finally:
        manual.write_text(MANUAL, encoding="utf-8")
        reindex(admin)


def test_progress_is_shown_while_the_index_is_rebuilt(admin: Page) -> None:
    looks = iter([(3, 10), (7, 10)])

    def slow(route: Route) -> None:
        step = next(looks, None) if route.request.method == "GET" else None
        if step is None:
            route.continue_()
            return
        job = {"state": "running", "phase": "embed", "done": step[0], "total": step[1], "error": "", "report": None}
        route.fulfill(json=job)

    admin.route("**/admin/api/index", slow)
    admin.get_by_role("button", name="重建索引").click()
    bar = admin.locator("#progress")
    expect(bar).to_have_attribute("value", "3")
    expect(admin.locator("#phase")).to_have_text("正在嵌入 3 / 10")
    expect(admin.get_by_role("button", name="重建索引")).to_be_disabled()
    expect(bar).to_have_attribute("value", "7")
    expect(admin.locator("#phase")).to_contain_text("重建完成", timeout=PATIENCE)
    expect(bar).to_be_hidden()


def test_the_playground_shows_the_ranking_of_each_stage_that_the_chat_goes_through(
    admin: Page, open_chat: OpenChat, library: Server
) -> None:
    admin.get_by_role("tab", name="检索试验").click()
    admin.get_by_label("问题").fill(LEAVE)
    admin.get_by_role("button", name="检索", exact=True).click()
    stages = admin.locator("#stages details")
    expect(stages.first).to_be_visible(timeout=PATIENCE)
    names = [name.split(":")[0] for name in stages.locator("summary").all_inner_texts()]
    assert names[:5] == ["计划", "词面检索", "语义检索", "融合", "重排"]
    first = stages.nth(4).locator("li").first
    expect(first.locator("mark")).to_have_text("1")
    expect(first).to_contain_text("十五天年假")
    assert first.get_attribute("value") == "1"
    expect(admin.locator("#stages .card")).to_contain_text("十五天年假")
    chat = asked(open_chat, library, LEAVE)
    chat.last.locator(".zj-text a.cite").first.click()
    expect(chat.page.locator(".zj-panel mark.zj-active")).to_contain_text("十五天年假")


def test_a_thumb_down_becomes_an_evaluation_case_by_one_click(admin: Page, open_chat: OpenChat, library: Server) -> None:
    chat = asked(open_chat, library, LEAVE)
    chat.last.locator(".zj-act-down").click()
    with chat.page.expect_response(lambda reply: reply.url.endswith("/page/ratings")):
        chat.page.get_by_role("button", name="依据不符").click()
    admin.get_by_role("tab", name="反馈").click()
    card = admin.locator("#ratings article").first
    expect(card).to_contain_text(LEAVE)
    expect(card).to_contain_text("依据不符")
    with admin.expect_download() as download:
        card.get_by_role("button", name="转为评测用例").click()
    case = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert (case["question"], case["history"], case["reason"]) == (LEAVE, [], "依据不符")
    (citation,) = case["shown"]["citations"]
    assert "十五天年假" in citation["quote"]
    with admin.expect_download() as download:
        admin.get_by_role("button", name="差评导出为评测用例").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert case["id"] in [json.loads(line)["id"] for line in lines]


def test_tabs_are_worked_by_keyboard(admin: Page) -> None:
    admin.get_by_role("tab", name="文档").focus()
    admin.keyboard.press("ArrowRight")
    expect(admin.get_by_role("tab", name="检索试验")).to_be_focused()
    expect(admin.get_by_role("tabpanel")).to_have_count(1)
    expect(admin.get_by_label("问题")).to_be_visible()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 360)])
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(
    browser: Browser, library: Server, scheme: str, width: int
) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 740}, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(library.address + "admin")
    assert violations(page) == []
    enter(page, library)
    expect(page.locator("#rows tr").first).to_be_visible()
    for tab in ("文档", "检索试验", "反馈"):
        page.get_by_role("tab", name=tab).click()
        assert violations(page) == [], tab
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, tab
    context.close()
