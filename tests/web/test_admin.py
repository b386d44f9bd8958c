"""The administrator's routes: the door, documents, uploads, re-indexing, the playground, feedback."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from rag.errors import IngestError
from rag.web.backend import Backend
from rag.web.library import Failure, Progress, Report, Uploads
from rag.web.refusals import Refusal
from tests.fakes import FakeCatalogue, FakeEngine
from tests.fakes.engine import document
from tests.web.conftest import ADMIN_TOKEN, Live

BEARER = {"authorization": f"Bearer {ADMIN_TOKEN}"}


class FakeLibrary:
    """Holds the index's documents; ``gate`` keeps a rebuild waiting."""

    def __init__(self) -> None:
        self.catalogue = FakeCatalogue([document(), document(document_id="faq.md", title="常见问题")])
        self.restored: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def rebuild(self, progress: Progress) -> Report:
        progress("embed", 3, 10)
        assert self.gate.wait(5)
        if self.error:
            raise self.error
        self.catalogue = FakeCatalogue([document(), document(document_id="new.md", title="新文档")])
        return Report(2, 10, 3, (Failure("坏的.pdf", "The file is encrypted."),))

    def remove(self, document_id: str) -> None:
        self.catalogue = FakeCatalogue(one for one in self.catalogue.documents() if one.id != document_id)

    def restore(self, document_id: str) -> None:
        self.restored.append(document_id)


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def admin(live: Live, library: FakeLibrary) -> httpx.Client:
    backend = Backend(lambda: FakeEngine(catalogue=library.catalogue))
    backend.reload()
    return live(backend=backend, library=library, admin_token=ADMIN_TOKEN, headers=BEARER, max_file_bytes=100_000)


def ids(admin: httpx.Client) -> list[str]:
    return [one["id"] for one in admin.get("/admin/api/documents").json()["documents"]]


def until_done(admin: httpx.Client) -> dict[str, Any]:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        job: dict[str, Any] = admin.get("/admin/api/index").json()
        if job["state"] != "running":
            return job
        time.sleep(0.02)
    raise AssertionError("still running")


ROUTES = [
    ("GET", "status"), ("GET", "documents"), ("POST", "upload?name=a.md"), ("DELETE", "upload?name=a.md"),
    ("POST", "index"), ("GET", "index"), ("DELETE", "documents?id=guide.md"), ("POST", "search"), ("GET", "feedback"),
    ("GET", "case?message=x"), ("GET", "cases"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_wants_the_token(admin: httpx.Client, library: FakeLibrary, method: str, path: str) -> None:
    for value in ("", "Bearer wrong", f"Basic {ADMIN_TOKEN}", ADMIN_TOKEN):
        reply = admin.request(method, f"/admin/api/{path}", headers={"authorization": value})
        assert reply.status_code == 401
    assert len(library.catalogue.documents()) == 2


def test_guessing_is_throttled(admin: httpx.Client) -> None:
    codes = [admin.get("/admin/api/status", headers={"authorization": f"Bearer {n}"}).status_code for n in range(12)]
    assert codes[:10] == [401] * 10
    assert codes[-1] == 429
    assert admin.get("/admin/api/status").status_code == 200


def test_without_a_token_there_is_no_administration(live: Live) -> None:
    client = live()
    for path in ("/admin", "/admin/api/status"):
        assert client.get(path, headers={"authorization": "Bearer None"}).status_code == 404


def test_page_is_strict_and_holds_no_secret(admin: httpx.Client) -> None:
    page = admin.get("/admin", headers={"authorization": ""})
    assert page.status_code == 200
    assert ADMIN_TOKEN not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert " on" not in [part[:3] for part in page.text.split("<")]
    for name in ("admin.js", "admin.css"):
        assert admin.get(f"/static/{name}").status_code == 200


def test_documents_are_listed(admin: httpx.Client) -> None:
    listed = admin.get("/admin/api/documents").json()["documents"]
    assert [(one["id"], one["title"], one["sections"]) for one in listed] == [("faq.md", "常见问题", 1), ("guide.md", "产品手册", 1)]


def test_removed_document_is_out_of_service_at_once(admin: httpx.Client) -> None:
    assert admin.delete("/admin/api/documents", params={"id": "guide.md"}).json() == {"removed": "guide.md"}
    assert ids(admin) == ["faq.md"]
    assert admin.delete("/admin/api/documents", params={"id": "guide.md"}).status_code == 404


def test_reindexing_reports_progress_failures_and_serves_the_result(admin: httpx.Client, library: FakeLibrary) -> None:
    library.gate.clear()
    assert admin.post("/admin/api/index", json={}).json()["state"] == "running"
    until = time.monotonic() + 5
    while (job := admin.get("/admin/api/index").json())["total"] != 10 and time.monotonic() < until:
        time.sleep(0.01)
    assert (job["phase"], job["done"], job["total"]) == ("embed", 3, 10)
    assert admin.post("/admin/api/index", json={}).status_code == 503
    assert admin.delete("/admin/api/documents", params={"id": "guide.md"}).status_code == 503
    assert ids(admin) == ["faq.md", "guide.md"]
    library.gate.set()
    job = until_done(admin)
    assert job["state"] == "done"
    assert job["report"]["failures"] == [{"source": "坏的.pdf", "reason": "The file is encrypted."}]
    assert ids(admin) == ["guide.md", "new.md"]


@pytest.mark.parametrize(
    ("error", "shown"), [(IngestError("a.md cannot be read."), "a.md cannot be read."), (RuntimeError("hunter2"), "the log names")]
)
def test_failed_reindexing_says_why_and_serves_on(
    admin: httpx.Client, library: FakeLibrary, error: Exception, shown: str
) -> None:
    library.error = error
    admin.post("/admin/api/index", json={})
    job = until_done(admin)
    assert job["state"] == "failed"
    assert shown in job["error"]
    assert "hunter2" not in job["error"]
    assert ids(admin) == ["faq.md", "guide.md"]
    library.error = None
    admin.post("/admin/api/index", json={})
    assert until_done(admin)["state"] == "done"


@pytest.mark.parametrize(
    ("name", "kept"),
    [("手册 v2（新）.pdf", "手册 v2（新）.pdf"), ("../../etc/cron.d/x.md", "x.md"), ("..\\..\\x.md", "x.md"), ("a\x00b?.txt", "a_b_.txt")],
)
def test_upload_lands_in_its_folder_under_a_safe_name(
    admin: httpx.Client, library: FakeLibrary, tmp_path: Path, name: str, kept: str
) -> None:
    reply = admin.post("/admin/api/upload", params={"name": name}, content="内容".encode())
    assert reply.json() == {"name": kept}
    assert library.restored == [kept]
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == [kept]
    assert (tmp_path / "uploads" / kept).read_text(encoding="utf-8") == "内容"
    assert admin.get("/admin/api/status").json()["uploads"] == [kept]
    assert admin.delete("/admin/api/upload", params={"name": kept}).json() == {"deleted": True}


@pytest.mark.parametrize("name", ["", "..", "a.exe", ".md", "a.md/", "/", "a.sh\x00.md/.."])
def test_other_names_are_refused(admin: httpx.Client, tmp_path: Path, name: str) -> None:
    assert admin.post("/admin/api/upload", params={"name": name}, content=b"x").status_code == 422
    assert not (tmp_path / "uploads").exists()


def test_too_large_and_empty_uploads_leave_nothing(admin: httpx.Client, tmp_path: Path) -> None:
    assert admin.post("/admin/api/upload", params={"name": "a.md"}, content=b"x" * 170_000).status_code == 413
    pieces = iter([b"x" * 40_000] * 3)
    assert admin.post("/admin/api/upload", params={"name": "a.md"}, content=pieces).status_code == 422
    assert admin.post("/admin/api/upload", params={"name": "a.md"}, content=b"").status_code == 422
    assert list((tmp_path / "uploads").iterdir()) == []


def test_upload_names_that_are_too_long_are_cut_with_their_ending(tmp_path: Path) -> None:
    assert len(Uploads(tmp_path).path("长" * 300 + ".md").name) <= 120
    assert Uploads(tmp_path).path("长" * 300 + ".md").suffix == ".md"
    with pytest.raises(Refusal):
        Uploads(tmp_path).path("长" * 300)


def test_playground_shows_each_stage_of_the_chats_own_path(admin: httpx.Client) -> None:
    result = admin.post("/admin/api/search", json={"question": "保修多久？"}).json()
    assert [step["step"] for step in result["steps"]] == ["plan", "sparse", "reranked"]
    (hit,) = result["steps"][2]["hits"]
    assert (hit["rank"], hit["marker"], hit["chunk_id"]) == (1, 1, "guide.md#1")
    assert result["answer"]["text"] == "整机保修两年。[1]"
    assert admin.post("/admin/api/search", json={"question": " "}).status_code == 422


def test_server_without_a_library_only_reads(live: Live) -> None:
    admin = live(admin_token=ADMIN_TOKEN, headers=BEARER)
    assert admin.get("/admin/api/status").json()["can_change"] is False
    assert admin.post("/admin/api/index", json={}).status_code == 403
    assert admin.post("/admin/api/upload?name=a.md", content=b"x").status_code == 403


def test_thumbs_down_are_downloaded_as_cases(admin: httpx.Client) -> None:
    empty = admin.get("/admin/api/cases")
    assert empty.text == ""
    assert "attachment" in empty.headers["content-disposition"]
    assert admin.get("/admin/api/case", params={"message": "nobody"}).status_code == 404
    assert json.loads(admin.get("/admin/api/feedback?thumb=down").text) == {"feedback": []}
    assert admin.get("/admin/api/feedback?thumb=sideways").status_code == 422
