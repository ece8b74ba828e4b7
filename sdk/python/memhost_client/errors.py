"""Errors: the server's problem documents (RFC 9457) as exceptions, and the one for a server that is not reached."""

from __future__ import annotations

from typing import Any

import httpx


class MemhostError(Exception):
    """The server refused a call, or was not reached. Programs tell errors apart by `code`, which is stable."""

    def __init__(
        self,
        code: str,
        title: str,
        *,
        detail: str = "",
        status: int | None = None,
        field: str | None = None,
        instance: str | None = None,
    ) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.code = code
        """What went wrong, in lower case with hyphens: `no-such-slot`, `outcome-known`."""
        self.title = title
        """The same, for a person."""
        self.detail = detail
        """What it was in this case, and what to do."""
        self.status = status
        """The HTTP status; None if no answer came."""
        self.field = field
        """Which field of the request is wrong, where it is one."""
        self.instance = instance
        """The request's id in the server's log."""


class NotAllowed(MemhostError):
    """There is no key, it is unknown or revoked, or it does not allow this (401, 403)."""


class NotFound(MemhostError):
    """There is no such slot, attempt or memory for this key, or no more (404, 410)."""


class Conflict(MemhostError):
    """What was told before says otherwise (409, and 422 for an attempt that is told a second time, differently)."""


class Unavailable(MemhostError):
    """The server is not reached, is ending, or has too much to do; it was tried again, in vain (429, 503)."""


_BY_STATUS = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    422: Conflict,
    429: Unavailable,
    503: Unavailable,
}


def of_answer(answer: httpx.Response) -> MemhostError:
    """What an answer that is no success says."""
    problem = _problem(answer)
    kind = _BY_STATUS.get(answer.status_code, MemhostError)
    title = _text(problem, "title") or answer.reason_phrase or "the server refused the call"
    return kind(
        code_of(answer) or f"http-{answer.status_code}",
        title,
        detail=_text(problem, "detail") or "",
        status=answer.status_code,
        field=_text(problem, "field"),
        instance=_text(problem, "instance"),
    )


def code_of(answer: httpx.Response) -> str | None:
    """The code of a problem: the last part of its type."""
    kind = _text(_problem(answer), "type")
    return kind.rstrip("/").rsplit("/", 1)[-1] if kind and kind != "about:blank" else None


def unreachable(error: httpx.TransportError) -> Unavailable:
    """No answer came."""
    detail = str(error) or type(error).__name__
    return Unavailable("unreachable", "memhost is not reached", detail=detail)


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem document; empty for an answer that is none, such as a proxy's page."""
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _text(problem: dict[str, Any], field: str) -> str | None:
    value = problem.get(field)
    return value if isinstance(value, str) else None
