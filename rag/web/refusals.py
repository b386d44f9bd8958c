"""Why a question or a request is not served, as one typed exception.

Holds codes, never wording: the page words them for people, the API maps them to HTTP statuses.
"""

from __future__ import annotations

from enum import StrEnum

from rag.errors import ModelError, RagError, StoreError


class Reason(StrEnum):
    """The codes. Their values are part of the API."""

    EMPTY = "empty_question"
    TOO_LONG = "question_too_long"
    INVALID = "invalid_request"
    NOT_FOUND = "not_found"
    IDENTITY = "identity_required"
    KEY = "api_key_required"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    NOT_READY = "index_not_ready"
    INDEX = "index_unusable"
    MODEL = "model_failed"
    INTERNAL = "internal_error"


HTTP_STATUS = {
    Reason.EMPTY: 422,
    Reason.TOO_LONG: 422,
    Reason.INVALID: 422,
    Reason.NOT_FOUND: 404,
    Reason.IDENTITY: 401,
    Reason.KEY: 401,
    Reason.FORBIDDEN: 403,
    Reason.RATE_LIMITED: 429,
    Reason.BUSY: 503,
    Reason.NOT_READY: 503,
    Reason.INDEX: 503,
    Reason.MODEL: 503,
    Reason.INTERNAL: 500,
}
"""What each code is in HTTP."""

_MESSAGES = {
    Reason.EMPTY: "The question is empty: write at least one word.",
    Reason.TOO_LONG: "The question is too long.",
    Reason.INVALID: "The request is not valid.",
    Reason.NOT_FOUND: "There is no such thing, or it belongs to somebody else.",
    Reason.IDENTITY: "Sign in first: open the chat from your wiki again.",
    Reason.KEY: "A valid API key is needed: send it as `Authorization: Bearer KEY`.",
    Reason.FORBIDDEN: "This is not allowed.",
    Reason.RATE_LIMITED: "Too many questions. Try again later.",
    Reason.BUSY: "All places are taken. Try again in a moment.",
    Reason.NOT_READY: "The index is being opened. Try again in a moment.",
    Reason.INDEX: "The index cannot be used. The administrator sees the cause at /readyz.",
    Reason.MODEL: "The language model failed. Try again.",
    Reason.INTERNAL: "Something went wrong. The log names the cause.",
}


class Refusal(RagError):
    """A request that is not served.

    ``reason`` is the code; the text is plain English for API clients and never holds a secret or a foreign
    exception's words. ``retry_after`` is in seconds, None where trying again would not help. ``limit`` is the
    number that was exceeded, where there is one.
    """

    def __init__(
        self,
        reason: Reason,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(message or _MESSAGES[reason])
        self.reason = reason
        self.retry_after = retry_after
        self.limit = limit

    @property
    def status(self) -> int:
        """The HTTP status."""
        return HTTP_STATUS[self.reason]


def refusal_from(error: RagError) -> Refusal:
    """The refusal that tells a user about ``error`` without telling more than they may know."""
    match error:
        case Refusal():
            return error
        case StoreError():
            return Refusal(Reason.INDEX)
        case ModelError():
            return Refusal(Reason.MODEL, retry_after=5)
        case _:
            return Refusal(Reason.INTERNAL)
