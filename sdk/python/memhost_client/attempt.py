"""Attempts: the common loop as a `with` block, which asks at its beginning and records at its end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .errors import MemhostError
from .values import Actor, Agent, Finding, Handout, Kept, Message, Moment, Outcome, Step, Task

if TYPE_CHECKING:
    from .client import AsyncClient, Client

_log = logging.getLogger("memhost_client")


class _Attempt:
    """What an attempt is made of while it lasts."""

    def __init__(self, task: Task | str, agent: Agent | str | None, token_budget: int | None, trial: int) -> None:
        self.task = task
        """What is to be done."""
        self.agent = agent
        """Who does it."""
        self.trial = trial
        """Which of several runs of the task, from 0."""
        self.steps: list[Step] = []
        """What was done, in order."""
        self.messages: Sequence[Message] = []
        """What was done, in OpenAI's chat form; instead of `steps`."""
        self.answer: str | None = None
        """What the agent hands in."""
        self.findings: list[Finding] = []
        """The problems that the agent reports, for tasks that hide several."""
        self.outcome: Outcome | None = None
        """How it went; None while nobody knows."""
        self.kept: Kept | None = None
        """What the server said to the record, after the block."""
        self._token_budget = token_budget
        self._handout: Handout | None = None

    @property
    def handout(self) -> Handout:
        """What the server answered last: guidance, and what it was made from."""
        if self._handout is None:
            raise RuntimeError("an attempt is begun by `with client.attempt(task) as a:`")
        return self._handout

    @property
    def id(self) -> str:
        """The attempt's id: what later feedback names."""
        return self.handout.attempt

    @property
    def guidance(self) -> str:
        """What the agent should know; empty if there is nothing to say."""
        return self.handout.text

    def step(self, actor: Actor, text: str, *, name: str | None = None, failed: bool | None = None) -> None:
        """Adds a step; an action's name is its tool, its text the arguments."""
        self.steps.append(Step(actor, text, name, failed))

    def succeeded(self, reason: str | None = None) -> None:
        """The task is solved."""
        self.outcome = Outcome.success(reason)

    def failed(self, reason: str | None = None) -> None:
        """The task is not solved."""
        self.outcome = Outcome.failure(reason)

    def score(self, score: float, reason: str | None = None) -> None:
        """How well it went, in 0..=1."""
        if not 0 <= score <= 1:
            raise ValueError(f"a score is in 0..=1, higher is better, and {score!r} is not")
        self.outcome = Outcome.scored(score, reason)

    def _to_ask(self, moment: Moment | None) -> dict[str, Any]:
        begun = self._handout
        return {
            "agent": self.agent,
            "attempt": begun.attempt if begun else None,
            "moment": moment,
            "transcript": self.steps,
            "found": self.findings,
            "token_budget": self._token_budget,
        }

    def _to_record(self, error: BaseException | None) -> dict[str, Any]:
        outcome = self.outcome
        if error is not None and outcome is None:
            outcome = Outcome(reason="it ended by " + f"{type(error).__name__}: {error}".removesuffix(": "))
        return {
            "attempt": self.id,
            # The server knows it from the retrieve, unless it was killed within milliseconds of that.
            "task": self.task,
            "agent": self.agent,
            "steps": self.steps,
            "messages": self.messages,
            "answer": self.answer,
            "findings": self.findings,
            "outcome": outcome,
            "trial": self.trial or None,
        }


def _is_recorded(error: BaseException | None) -> bool:
    """Whether an attempt that ends so is recorded: what stops the program from outside does not wait for that."""
    return error is None or isinstance(error, Exception)


def _not_recorded(attempt: str, error: MemhostError) -> None:
    _log.warning("attempt %s could not be recorded: %s", attempt, error)


class Attempt(_Attempt):
    """One attempt at a task::

        with client.attempt("refund a double charge") as a:
            a.answer = my_agent(a.guidance)
            a.succeeded()

    It asks at the beginning of the block and records at its end. Where nobody says how it went, it is recorded so, and
    `client.feedback(a.id, …)` can say it later.

    An exception of the agent's own is no verdict on its task: what there is is recorded with an unknown outcome, whose
    reason is the exception, and the exception goes on. A verdict that was given before it stands. What stops the
    program from outside (`KeyboardInterrupt`, a cancelled task) records nothing.
    """

    def __init__(
        self, client: Client, task: Task | str, agent: Agent | str | None, token_budget: int | None, trial: int
    ) -> None:
        super().__init__(task, agent, token_budget, trial)
        self._client = client

    def ask(self, moment: Moment | None = None) -> str:
        """Asks again in the middle of the work, with the steps so far, and returns the guidance."""
        self._handout = self._client.retrieve(self.task, **self._to_ask(moment))
        return self.guidance

    def __enter__(self) -> Attempt:
        self.ask()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not _is_recorded(error):
            return
        try:
            self.kept = self._client.record(**self._to_record(error))
        except MemhostError as refused:
            if error is None:
                raise
            _not_recorded(self.id, refused)


class AsyncAttempt(_Attempt):
    """`Attempt` for asyncio: `async with client.attempt(task) as a:`."""

    def __init__(
        self, client: AsyncClient, task: Task | str, agent: Agent | str | None, token_budget: int | None, trial: int
    ) -> None:
        super().__init__(task, agent, token_budget, trial)
        self._client = client

    async def ask(self, moment: Moment | None = None) -> str:
        """Asks again in the middle of the work, with the steps so far, and returns the guidance."""
        self._handout = await self._client.retrieve(self.task, **self._to_ask(moment))
        return self.guidance

    async def __aenter__(self) -> AsyncAttempt:
        await self.ask()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not _is_recorded(error):
            return
        try:
            self.kept = await self._client.record(**self._to_record(error))
        except MemhostError as refused:
            if error is None:
                raise
            _not_recorded(self.id, refused)
