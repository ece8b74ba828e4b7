"""Retries: when the same request is sent again, and after how long. No input or output happens here.

Every call is safe to repeat. An attempt's id is the idempotency key: the server answers a `record` or `feedback` that
it has taken already as it did the first time. A `retrieve` that is repeated hands out anew, and what was handed out and
is never recorded counts for nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx

from .errors import code_of


@dataclass(frozen=True)
class Retries:
    """How often a request is sent again, and how long it waits before."""

    most: int = 5
    """The most retries of one call; 0 sends it once."""
    first_wait: float = 0.1
    """Seconds before the first retry; each further one waits up to twice as long."""
    longest_wait: float = 5.0
    """The longest wait in seconds that the client chooses by itself."""
    longest_retry_after: float = 60.0
    """The longest wait in seconds that the server may ask for; if it asks for more, the call fails at once."""

    def wait_after(self, answer: httpx.Response | httpx.TransportError, tried: int) -> float | None:
        """Seconds until the request is sent again after it was sent so often; None: this answer is the last."""
        if tried > self.most or not _is_passing(answer):
            return None
        if isinstance(answer, httpx.Response) and (asked := _retry_after(answer)) is not None:
            return asked if asked <= self.longest_retry_after else None
        longest = min(self.longest_wait, self.first_wait * 2.0 ** min(tried - 1, 30))
        # Half of it is chance, so that clients which failed together do not come back together.
        return longest * (0.5 + 0.5 * random.random())


def _is_passing(answer: httpx.Response | httpx.TransportError) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(answer, httpx.TransportError):
        return not isinstance(answer, (httpx.UnsupportedProtocol, httpx.LocalProtocolError))
    # An attempt is in flight when its first request has lost its connection, but is still on its way to the disk.
    return answer.status_code in (408, 429, 503) or code_of(answer) == "in-flight"


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds that the server asks for. It gives no dates."""
    try:
        seconds = float(answer.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    return seconds if seconds >= 0 else None
