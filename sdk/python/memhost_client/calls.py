"""Calls: what is sent for each thing that an agent asks or tells, and what its answer says. No input or output happens
here, so that the sync and the async client have one body."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import quote

import httpx

from .errors import MemhostError, of_answer
from .values import (
    Agent,
    Explanation,
    Finding,
    Handout,
    Kept,
    Message,
    Moment,
    Outcome,
    Step,
    Task,
    of_json,
    to_json,
)

T = TypeVar("T")

_DIGITS: Final = "abcdefghijklmnopqrstuvwxyz234567"


class Last(Enum):
    """Stands for the last thing that this client told the slot for the tenant."""

    WRITTEN = "last-written"


LAST_WRITTEN: Final = Last.WRITTEN


def new_attempt() -> str:
    """A new attempt's id, as the server makes them: `a` and 12 characters of base 32."""
    return "a" + "".join(secrets.choice(_DIGITS) for _ in range(12))


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and how its answer is read."""

    method: Literal["GET", "POST"]
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    take: Callable[[Any], T]

    def read(self, answer: httpx.Response) -> T:
        """What an answer says.

        Raises MemhostError if it is a problem, or nothing that this client understands.
        """
        if not answer.is_success:
            raise of_answer(answer)
        try:
            return self.take(answer.json())
        except (ValueError, KeyError, TypeError) as error:
            detail = f"{self.method} {self.path}: {error!r}"
            title = "the answer is not one of memhost's"
            raise MemhostError("unexpected-answer", title, detail=detail, status=answer.status_code) from error


class Written:
    """The last sequence that each slot has answered with for each tenant, until a `retrieve` has waited for it.

    That one has waited is enough: what is not learnt within its deadline is not waited for again, so that a model which
    is down slows one call, and not each.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str | None], int] = {}

    def last(self, slot: str, tenant: str | None) -> int | None:
        """What to wait for, if anything."""
        with self._lock:
            return self._last.get((slot, tenant))

    def note(self, slot: str, tenant: str | None, sequence: int) -> None:
        """Something was written."""
        with self._lock:
            self._last[slot, tenant] = max(sequence, self._last.get((slot, tenant), 0))

    def seen(self, slot: str, tenant: str | None, sequence: int) -> None:
        """All up to this was waited for."""
        with self._lock:
            if self._last.get((slot, tenant), sequence + 1) <= sequence:
                del self._last[slot, tenant]


@dataclass(frozen=True)
class Calls:
    """The calls of one slot for one tenant."""

    slot: str
    tenant: str | None = None
    reads_own_writes: bool = True
    written: Written = field(default_factory=Written)

    def retrieve(
        self,
        task: Task | str,
        *,
        agent: Agent | str | None = None,
        attempt: str | None = None,
        moment: Moment | None = None,
        transcript: Sequence[Step] = (),
        found: Sequence[Finding] = (),
        token_budget: int | None = None,
        after: int | Last | None = LAST_WRITTEN,
    ) -> Call[Handout]:
        """Asks what the agent should know now: before it begins a task or, with the attempt's id, in the middle of it.

        `after` is the sequence of a `record` or `feedback` that is to be learnt before; by default the last one of this
        client, None for none. The server waits for it up to its deadline.
        """
        if isinstance(after, Last):
            after = self.written.last(self.slot, self.tenant) if self.reads_own_writes else None
        waited_for = after

        def take(data: Any) -> Handout:
            handout = of_json(Handout, data)
            if waited_for is not None:
                self.written.seen(self.slot, self.tenant, waited_for)
            return handout

        body = {
            "task": _task(task),
            "agent": _agent(agent),
            "attempt": attempt,
            "moment": None if moment is None else moment.to_json(),
            "transcript": transcript or None,
            "found": found or None,
            "token_budget": token_budget,
            "after": after,
        }
        return self._post("retrieve", body, take)

    def record(
        self,
        attempt: str | None = None,
        *,
        task: Task | str | None = None,
        agent: Agent | str | None = None,
        steps: Sequence[Step] = (),
        messages: Sequence[Message] = (),
        answer: str | None = None,
        findings: Sequence[Finding] = (),
        outcome: Outcome | None = None,
        trial: int | None = None,
        wait: Literal["learnt"] | None = None,
    ) -> Call[Kept]:
        """Tells what the agent did, as steps or as messages in OpenAI's chat form, and how that went, if anybody knows.

        It is on the server's disk when this returns, and learnt from soon after; with `wait="learnt"`, before. Without
        an attempt's id it is an attempt that began without asking, and needs its task.
        """
        if steps and messages:
            raise ValueError("tell either steps or messages, not both")
        if attempt is None and task is None:
            raise ValueError("an attempt that began without asking needs its task")
        body = {
            # An id of the client's own, so that a record which is sent again counts once.
            "attempt": attempt or new_attempt(),
            "task": None if task is None else _task(task),
            "agent": _agent(agent),
            "steps": steps or None,
            "messages": messages or None,
            "answer": answer,
            "findings": findings or None,
            "outcome": outcome,
            "trial": trial,
            "wait": wait,
        }
        return self._post("record", body, self._kept)

    def feedback(self, attempt: str, outcome: Outcome, *, revise: bool = False) -> Call[Kept]:
        """Tells how an attempt went, where that became known after it was recorded.

        The same outcome again changes nothing; another one is refused with the code `outcome-known`, unless it is to
        `revise` the first.
        """
        body = {"attempt": attempt, "outcome": outcome, "revise": revise or None}
        return self._post("feedback", body, lambda data: self._kept({"attempt": attempt, **data}))

    def explain(self, attempt: str) -> Call[Explanation]:
        """Asks why the agent was told what it was told in an attempt."""
        path = self._path(f"attempts/{quote(attempt, safe='')}/why")
        return Call("GET", path, self._headers(), None, lambda data: of_json(Explanation, data))

    def _kept(self, data: Any) -> Kept:
        kept = of_json(Kept, data)
        if kept.learnt is not True:
            self.written.note(self.slot, self.tenant, kept.sequence)
        return kept

    def _post(self, what: str, body: Mapping[str, Any], take: Callable[[Any], T]) -> Call[T]:
        told = {name: to_json(part) for name, part in body.items() if part is not None}
        return Call("POST", self._path(what), self._headers(), told, take)

    def _path(self, rest: str) -> str:
        return f"/v1/slots/{quote(self.slot, safe='')}/{rest}"

    def _headers(self) -> Mapping[str, str]:
        return {} if self.tenant is None else {"Memhost-Tenant": self.tenant}


def _task(task: Task | str) -> Task:
    return Task(task) if isinstance(task, str) else task


def _agent(agent: Agent | str | None) -> Agent | None:
    return Agent(agent) if isinstance(agent, str) else agent
