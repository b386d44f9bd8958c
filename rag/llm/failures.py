"""The one place where the failures of the ``openai`` client and its transport become ``ModelError`` kinds.

Messages are our own: a server's text may echo the key. An original error that holds the key is not chained.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from rag.errors import MalformedReply, ModelError, ModelTimeout, ModelUnavailable

_TRANSPORTS = ("httpx2", "httpx")
_LONGEST_WAIT = 30.0


class ReportedError(Exception):
    """The endpoint told of an error in the middle of its reply. Its words are left out: they may echo the key."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as ours. ``retry``: trying again may help; ``after``: the seconds that the server asked for.

    ``refused``: the request itself was refused (HTTP 400 or 422), so that another wording of it may pass.
    """

    error: ModelError
    retry: bool = False
    after: float | None = None
    refused: bool = False


def foreign_errors() -> tuple[type[Exception], ...]:
    """Everything that the client, its transport and a nonsensical reply may raise."""
    import openai

    kinds: list[type[Exception]] = [openai.OpenAIError, ReportedError, OSError, ValueError, TypeError, AttributeError, KeyError]
    for name in _TRANSPORTS:
        module = sys.modules.get(name)
        kinds += [getattr(module, kind) for kind in ("HTTPError", "StreamError", "InvalidURL") if module]
    return tuple(kinds)


def failure_of(error: Exception) -> Failure:
    """What ``error`` means for us."""
    import openai

    match error:
        case openai.APITimeoutError():
            return Failure(ModelTimeout("The model did not answer in time. See RAG_LLM_FIRST_TOKEN_TIMEOUT."), retry=True)
        case openai.APIConnectionError():
            return Failure(ModelUnavailable("The model's endpoint cannot be reached. Check RAG_LLM_BASE_URL."), retry=True)
        case openai.APIResponseValidationError():
            return Failure(MalformedReply("The model's endpoint replied in a form that is not OpenAI's."))
        case openai.APIStatusError():
            return _of_status(error)
        case openai.LengthFinishReasonError() | openai.ContentFilterFinishReasonError():
            return Failure(MalformedReply("The model broke off its reply."))
        case openai.OpenAIError() | ReportedError():
            return Failure(ModelUnavailable("The model's endpoint reported an error."), retry=True)
        case _:
            return _of_transport(error)


def _of_transport(error: Exception) -> Failure:
    names = {kind.__name__ for kind in type(error).__mro__}
    if "TimeoutException" in names or isinstance(error, TimeoutError):
        return Failure(ModelTimeout("The model fell silent. See RAG_LLM_TOKEN_TIMEOUT."), retry=True)
    if "InvalidURL" in names or "UnsupportedProtocol" in names:
        return Failure(ModelUnavailable("RAG_LLM_BASE_URL is no URL that can be called."))
    if isinstance(error, OSError) or names & {"HTTPError", "StreamError"}:
        return Failure(ModelUnavailable("The connection to the model broke off."), retry=True)
    return Failure(MalformedReply("The model's endpoint sent a reply that cannot be read."))


def _of_status(error: Exception) -> Failure:
    status = int(getattr(error, "status_code", 0) or 0)
    match status:
        case 400 | 413 | 422:
            return Failure(ModelUnavailable(f"The model's endpoint refused the request (HTTP {status})."), refused=True)
        case 401 | 403:
            return Failure(ModelUnavailable(f"The model's endpoint refused the key (HTTP {status}). Check OPENAI_API_KEY."))
        case 404:
            return Failure(ModelUnavailable("The endpoint has no such model (HTTP 404). Check RAG_LLM_MODEL and RAG_LLM_BASE_URL."))
        case 408 | 504:
            return Failure(ModelTimeout(f"The model did not answer in time (HTTP {status})."), retry=True, after=_asked(error))
        case 429:
            return Failure(ModelUnavailable("The model's endpoint is busy, or its quota is used up (HTTP 429)."), retry=True, after=_asked(error))
        case _:
            message = f"The model's endpoint failed (HTTP {status})."
            return Failure(ModelUnavailable(message), retry=status >= 500 or status == 409, after=_asked(error))


def _asked(error: Exception) -> float | None:
    """The seconds of ``Retry-After``; dates and nonsense count as not given."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        seconds = float(headers.get("retry-after", ""))
    except (TypeError, ValueError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT) if seconds == seconds else None


def safe_cause(error: Exception, key: str) -> Exception | None:
    """``error`` if it may be chained to ours, None if it or what it rests on would show ``key``."""
    seen: BaseException | None = error
    while seen is not None:
        if key and key in f"{seen!r} {seen} {getattr(seen, 'body', '')} {getattr(seen, 'message', '')}":
            return None
        seen = seen.__cause__ or seen.__context__
    return error
