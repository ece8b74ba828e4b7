"""Clients: the calls of `calls` over httpx, one that blocks and one for asyncio. They differ in nothing else."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import functools
import inspect
import os
import time
import typing
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import httpx

from .attempt import AsyncAttempt, Attempt
from .calls import Call, Calls, Written
from .errors import unreachable
from .retries import Retries
from .values import Agent, Task

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")
P = ParamSpec("P")

DEFAULT_URL = "http://127.0.0.1:4780"
"""Where `memhost serve` listens unless it is told otherwise."""
# A strategy that asks a model when it retrieves has 30 s for it.
_TIMEOUT = httpx.Timeout(40.0, connect=5.0)


def _sends(build: Callable[Concatenate[Calls, P], Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method of `Client` that makes this call."""

    def method(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._send(build(self._calls, *args, **kwargs))

    _look_like(build, method)
    return method


def _awaits(build: Callable[Concatenate[Calls, P], Call[T]]) -> Callable[Concatenate[AsyncClient, P], Awaitable[T]]:
    """The method of `AsyncClient` that makes this call."""

    async def method(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._send(build(self._calls, *args, **kwargs))

    _look_like(build, method)
    return method


def _look_like(build: Callable[..., Call[T]], method: Callable[..., object]) -> None:
    """Gives a method the documentation and the signature of the call that it makes, with the answer as its result."""
    functools.update_wrapper(method, build)
    answer = typing.get_args(typing.get_type_hints(build)["return"])[0]
    signature = inspect.signature(build).replace(return_annotation=answer)
    method.__signature__ = signature  # type: ignore[attr-defined]


class _Seat:
    """What both clients are: the calls of one slot for one tenant, and how they are repeated."""

    _calls: Calls
    _retries: Retries

    def at(self, *, slot: str | None = None, tenant: str | None = None) -> Self:
        """Another slot or tenant of the same server, over the same connections: closing one closes both."""
        other = copy.copy(self)
        # What was written is kept by slot and tenant, so that both share it.
        here = self._calls
        other._calls = dataclasses.replace(here, slot=slot or here.slot, tenant=tenant or here.tenant)
        return other


class Client(_Seat):
    """A slot of a memhost server, for one tenant. Safe to share between threads.

    The address is `base_url`, else the environment's MEMHOST_URL, else this machine; the key is `key`, else
    MEMHOST_KEY. A key that is for any tenant needs a `tenant` here. `reads_own_writes=False` has `retrieve` not wait
    for what this client told before. Close it after use, or use it in a `with`.
    """

    def __init__(
        self,
        slot: str = "default",
        *,
        base_url: str | None = None,
        key: str | None = None,
        tenant: str | None = None,
        reads_own_writes: bool = True,
        retries: Retries | None = None,
        timeout: httpx.Timeout | float = _TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._calls = Calls(slot, tenant, reads_own_writes, Written())
        self._retries = retries or Retries()
        self._sleep = sleep
        self._http = httpx.Client(
            base_url=_address(base_url), headers=_headers(key), timeout=timeout, transport=transport
        )

    retrieve = _sends(Calls.retrieve)
    record = _sends(Calls.record)
    feedback = _sends(Calls.feedback)
    explain = _sends(Calls.explain)

    def attempt(
        self, task: Task | str, *, agent: Agent | str | None = None, token_budget: int | None = None, trial: int = 0
    ) -> Attempt:
        """One attempt at a task, for a `with`: asks at its beginning, and records at its end. See `Attempt`."""
        return Attempt(self, task, agent, token_budget, trial)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        tried = 0
        while True:
            tried += 1
            answer: httpx.Response | httpx.TransportError
            try:
                answer = self._http.request(call.method, call.path, json=call.body, headers=call.headers)
            except httpx.TransportError as error:
                answer = error
            wait = self._retries.wait_after(answer, tried)
            if wait is None:
                return _read(call, answer)
            self._sleep(wait)


class AsyncClient(_Seat):
    """`Client` for asyncio: the same calls, to be awaited."""

    def __init__(
        self,
        slot: str = "default",
        *,
        base_url: str | None = None,
        key: str | None = None,
        tenant: str | None = None,
        reads_own_writes: bool = True,
        retries: Retries | None = None,
        timeout: httpx.Timeout | float = _TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._calls = Calls(slot, tenant, reads_own_writes, Written())
        self._retries = retries or Retries()
        self._sleep = sleep
        self._http = httpx.AsyncClient(
            base_url=_address(base_url), headers=_headers(key), timeout=timeout, transport=transport
        )

    retrieve = _awaits(Calls.retrieve)
    record = _awaits(Calls.record)
    feedback = _awaits(Calls.feedback)
    explain = _awaits(Calls.explain)

    def attempt(
        self, task: Task | str, *, agent: Agent | str | None = None, token_budget: int | None = None, trial: int = 0
    ) -> AsyncAttempt:
        """One attempt at a task, for an `async with`: asks at its beginning, and records at its end. See `Attempt`."""
        return AsyncAttempt(self, task, agent, token_budget, trial)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        tried = 0
        while True:
            tried += 1
            answer: httpx.Response | httpx.TransportError
            try:
                answer = await self._http.request(call.method, call.path, json=call.body, headers=call.headers)
            except httpx.TransportError as error:
                answer = error
            wait = self._retries.wait_after(answer, tried)
            if wait is None:
                return _read(call, answer)
            await self._sleep(wait)


def _address(base_url: str | None) -> str:
    return base_url or os.environ.get("MEMHOST_URL") or DEFAULT_URL


def _headers(key: str | None) -> dict[str, str]:
    key = os.environ.get("MEMHOST_KEY") if key is None else key
    # A file's newline is no part of it; and what is wrong with a key is said without it.
    key = (key or "").strip()
    if not key:
        return {}
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ValueError("the key is no key of a memhost server: it begins with mh_, and has letters and digits only")
    return {"Authorization": f"Bearer {key}"}


def _read(call: Call[T], answer: httpx.Response | httpx.TransportError) -> T:
    if isinstance(answer, httpx.TransportError):
        raise unreachable(answer) from answer
    return call.read(answer)
