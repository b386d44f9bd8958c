"""The administrator's JSON routes and page: documents, uploads, re-indexing, the playground, feedback.

Every JSON route wants the administrator's token as a bearer; the page itself holds nothing secret.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from rag.config import Settings
from rag.errors import RagError
from rag.types import Scope
from rag.web.feedback import Rated, evaluation_case
from rag.web.identity import user_of
from rag.web.library import Job, Librarian, Library, Uploads
from rag.web.limits import TokenBuckets
from rag.web.playground import playground
from rag.web.questions import clean_question
from rag.web.records import Thumb
from rag.web.refusals import Reason, Refusal, refusal_from
from rag.web.schemas import PlaygroundBody, read
from rag.web.service import ChatService

ADMIN_PAGE = Path(__file__).parent / "static" / "admin.html"
GUESSES_PER_MINUTE = 10


class AdminDoor:
    """Lets in who has the token, compared in constant time; guessing is throttled by address."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._guesses = TokenBuckets(GUESSES_PER_MINUTE / 60, GUESSES_PER_MINUTE)

    def __call__(self, request: Request) -> None:
        """Raises ``Refusal`` (key, rate limited)."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._token):
            return
        wait = self._guesses.take(user_of(request.headers).address)
        if wait > 0:
            raise Refusal(Reason.RATE_LIMITED, retry_after=wait)
        raise Refusal(Reason.KEY, "The administrator's token is needed.")


def admin_router(service: ChatService, settings: Settings, library: Library | None) -> APIRouter:
    """``/admin`` and ``/admin/api``. ``settings.admin_token`` must be set."""
    if settings.admin_token is None:
        raise ValueError("there is no administrator's token")
    door = AdminDoor(settings.admin_token.get_secret_value())
    outer = APIRouter(include_in_schema=False)

    @outer.get("/admin")
    async def page() -> Response:
        return FileResponse(ADMIN_PAGE)

    inner = APIRouter(prefix="/admin/api", dependencies=[Depends(door)])
    librarian = Librarian(library, service.backend) if library is not None else None
    uploads = Uploads(settings.upload_dir)
    _add_documents(inner, service, librarian, uploads)
    _add_changes(inner, settings, librarian, uploads)
    _add_playground(inner, service, settings)
    _add_feedback(inner, service)
    outer.include_router(inner)
    return outer


def _add_documents(
    router: APIRouter, service: ChatService, librarian: Librarian | None, uploads: Uploads
) -> None:
    @router.get("/status")
    def status() -> dict[str, Any]:
        backend = service.backend
        return {
            "ready": backend.ready,
            "error": str(backend.error) if backend.error else "",
            "generation": backend.generation,
            "can_change": librarian is not None,
            "job": _job(librarian.job if librarian else Job()),
            "uploads": uploads.names(),
        }

    @router.get("/documents")
    def documents() -> dict[str, Any]:
        try:
            catalogue = service.backend.engine(service.settings.ready_timeout).catalogue
        except RagError as error:
            raise refusal_from(error) from error
        return {
            "documents": [
                {
                    "id": document.id,
                    "title": document.title,
                    "source": document.source,
                    "characters": len(document.text),
                    "sections": len(catalogue.sections(document.id)),
                    "modified": document.modified,
                    "sha256": document.sha256,
                }
                for document in catalogue.documents()
            ]
        }


def _add_changes(
    router: APIRouter, settings: Settings, librarian: Librarian | None, uploads: Uploads
) -> None:
    def able() -> Librarian:
        if librarian is None:
            raise Refusal(Reason.FORBIDDEN, "This server only reads its index.")
        return librarian

    @router.post("/upload")
    async def upload(request: Request) -> dict[str, str]:
        at_work = able()
        kept = await uploads.save(request.query_params.get("name", ""), request.stream(), settings.max_file_bytes)
        at_work.welcome(kept)
        return {"name": kept}

    @router.delete("/upload")
    def forget(name: str) -> dict[str, bool]:
        able()
        return {"deleted": uploads.delete(name)}

    @router.post("/index")
    def index() -> dict[str, Any]:
        able().start()
        return _job(able().job)

    @router.get("/index")
    def progress() -> dict[str, Any]:
        return _job(able().job)

    @router.delete("/documents")
    def remove(id: str) -> dict[str, str]:
        able().remove(id)
        uploads.delete(id)
        return {"removed": id}


def _add_playground(router: APIRouter, service: ChatService, settings: Settings) -> None:
    @router.post("/search")
    async def search(request: Request) -> dict[str, Any]:
        body = read(await request.body(), PlaygroundBody)
        question = clean_question(body.question, settings.max_question)
        scope = Scope(document_ids=tuple(body.documents), strict=True) if body.documents else None
        return await playground(service.backend, question, scope)


def _add_feedback(router: APIRouter, service: ChatService) -> None:
    @router.get("/feedback")
    def feedback(thumb: Thumb | None = None) -> dict[str, Any]:
        return {"feedback": [_rated(rated) for rated in service.feedback.rated(thumb)]}

    @router.get("/case")
    def case(message: str) -> dict[str, Any]:
        return evaluation_case(service.feedback.one(message))

    @router.get("/cases")
    def cases() -> Response:
        rated = service.feedback.rated(Thumb.DOWN)
        lines = [json.dumps(evaluation_case(one), ensure_ascii=False) + "\n" for one in rated]
        name = {"content-disposition": 'attachment; filename="zhiju-feedback.jsonl"'}
        return PlainTextResponse("".join(lines), media_type="application/x-ndjson", headers=name)


def _job(job: Job) -> dict[str, Any]:
    return asdict(job)


def _rated(rated: Rated) -> dict[str, Any]:
    message = rated.message
    rating = message.rating
    return {
        "message": message.id,
        "user": rated.owner.partition(":")[0] if rated.owner.startswith("visitor:") else rated.owner,
        "question": rated.question,
        "answer": message.text,
        "outcome": message.answer.outcome.value if message.answer else message.state.value,
        "thumb": rating.thumb.value if rating else "",
        "reason": rating.reason if rating else "",
        "created": rating.created if rating else "",
    }
