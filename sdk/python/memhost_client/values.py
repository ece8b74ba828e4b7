"""Values: what an agent tells and is answered, as frozen dataclasses.

Values that are told leave out what is absent; values that are answered ignore fields that they do not know, so that an
older client understands a newer server.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Actor = Literal["user", "thought", "action", "observation", "answer", "subtask"]
"""Whose turn a step is; `action` is a tool call, `observation` what came back."""
Verdict = Literal["success", "failure", "unknown"]
"""How an attempt ended."""
Authority = Literal["ground-truth", "judge", "agent"]
"""Who says so: a checker with the true answer, a judge model, or the agent itself."""
Message = Mapping[str, Any]
"""A message in OpenAI's chat form: `{"role": "user", "content": "…"}`."""


@dataclass(frozen=True)
class Document:
    """One addressable piece of a task's context: a mail, a function."""

    id: str
    text: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A piece of work. The same text is the same task, unless it has an id."""

    text: str
    id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    documents: Sequence[Document] = ()


@dataclass(frozen=True)
class Agent:
    """Who works on a task, and the model that it runs on."""

    id: str
    model: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class Step:
    """One step of a trajectory. An action's name is its tool, its text the arguments as JSON."""

    actor: Actor
    text: str
    name: str | None = None
    failed: bool | None = None
    reward: float | None = None
    agent: str | None = None


@dataclass(frozen=True)
class Finding:
    """One problem that an agent reports in a task with several hidden ones."""

    problem: str
    evidence: Sequence[str] = ()
    action: str | None = None
    template: str | None = None


@dataclass(frozen=True)
class Moment:
    """Where in its work an agent asks."""

    at: Literal["task-start", "step", "after-tool", "retry", "subtask", "round"]
    which: int | str | None = None

    @classmethod
    def step(cls, number: int) -> Moment:
        """Before the step with this number."""
        return cls("step", number)

    @classmethod
    def after_tool(cls, tool: str) -> Moment:
        """After a call of this tool."""
        return cls("after-tool", tool)

    @classmethod
    def retry(cls, tries: int) -> Moment:
        """Before another try at a task that failed so often."""
        return cls("retry", tries)

    @classmethod
    def subtask(cls, number: int) -> Moment:
        """Where a sub-task begins, from 0: the last step so far opens it."""
        return cls("subtask", number)

    @classmethod
    def round(cls, number: int) -> Moment:
        """Before a round, from 0, of looking for problems."""
        return cls("round", number)

    def to_json(self) -> object:
        """As it is told: `"task-start"`, `{"step": 3}`."""
        return self.at if self.which is None else {self.at: self.which}


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt, and who says so; where that is left out, the agent itself."""

    verdict: Verdict = "unknown"
    score: float | None = None
    reason: str | None = None
    authority: Authority | None = None

    @classmethod
    def success(cls, reason: str | None = None, *, authority: Authority | None = None) -> Outcome:
        """The task was solved."""
        return cls("success", None, reason, authority)

    @classmethod
    def failure(cls, reason: str | None = None, *, authority: Authority | None = None) -> Outcome:
        """The task was not solved."""
        return cls("failure", None, reason, authority)

    @classmethod
    def scored(cls, score: float, reason: str | None = None, *, authority: Authority | None = None) -> Outcome:
        """How well it went, in 0..=1; higher is better."""
        return cls("unknown", score, reason, authority)


@dataclass(frozen=True)
class Citation:
    """A memory that guidance was made from, and how much it weighed."""

    memory: str
    score: float


@dataclass(frozen=True)
class Tool:
    """Something that an agent can call; its schema is JSON in a text, empty where it is unknown."""

    name: str
    description: str = ""
    schema: str = ""


@dataclass(frozen=True)
class Degraded:
    """There is no guidance, because the strategy failed."""

    reason: str


@dataclass(frozen=True)
class Wanted:
    """How the strategy would have the task worked on. It is a wish: the host takes what comes."""

    trials: int = 1
    refinements: int = 0
    rounds: int = 1
    findings_per_round: int = 0
    authority: Authority = "agent"
    """Who should say how it went: outcomes of less authority count as unknown."""


@dataclass(frozen=True)
class Handout:
    """What an agent is told before or in the middle of its work."""

    attempt: str
    """The attempt's id: what `record` and `feedback` are to name."""
    text: str
    """The guidance; empty if there is nothing to say."""
    placement: str = "system"
    """Where it belongs: `system`, into the system message; `user`, in front of the task."""
    replaces: bool = False
    """Whether it stands for what was said earlier in this attempt."""
    offers: tuple[Tool, ...] = ()
    """Tools that the strategy offers."""
    cited: tuple[Citation, ...] = ()
    """The memories that it was made from, best first."""
    generation: int = 0
    """Which generation of the slot answered."""
    degraded: Degraded | None = None
    """Present where the strategy failed, and there is no guidance for that. The call has not failed: go on without."""
    held_back: bool = False
    """Whether guidance is held back, to see what the task comes to without."""
    wanted: Wanted = Wanted()
    """How the strategy would have the task worked on."""


@dataclass(frozen=True)
class Kept:
    """What was told is on the server's disk."""

    attempt: str
    """The attempt's id."""
    sequence: int
    """Where it stands among all that was told: what a `retrieve` can wait for."""
    credited: bool
    """Whether guidance had been handed out for it, which its outcome credits."""
    learnt: bool | None = None
    """Whether the strategy has learnt from it, if that was waited for."""


@dataclass(frozen=True)
class Key:
    """A text that a memory is found by."""

    name: str
    text: str


@dataclass(frozen=True)
class Source:
    """What a memory was learnt from: an attempt, or a step of it, from 0."""

    attempt: str
    step: int | None = None


@dataclass(frozen=True)
class Counters:
    """What outcomes have made of a memory."""

    weight: float
    uses: int
    wins: int
    losses: int
    strength: float


@dataclass(frozen=True)
class Memory:
    """One thing that a strategy has learnt."""

    id: str
    content: str
    kind: str
    title: str
    keys: tuple[Key, ...]
    labels: Mapping[str, str]
    sources: tuple[Source, ...]
    counters: Counters
    created: float
    """When it was learnt, in milliseconds since 1970."""
    updated: float
    """When it was last changed, in milliseconds since 1970."""


@dataclass(frozen=True)
class ExplainedCitation:
    """A memory that was cited, as it is now; None if it is gone, or if another strategy's memories are used now."""

    memory: str
    score: float
    now: Memory | None = None


@dataclass(frozen=True)
class ExplainedHandout:
    """What stood behind one handout."""

    generation: int
    cited: tuple[ExplainedCitation, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why an agent was told what it was told."""

    attempt: str
    task: Task
    outcome: Outcome | None = None
    handed_out: tuple[ExplainedHandout, ...] = ()


def to_json(value: Any) -> Any:
    """A value as it is told: dataclasses become objects without what is absent."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((each.name, getattr(value, each.name)) for each in dataclasses.fields(value))
        return {name: to_json(part) for name, part in pairs if not _is_absent(part)}
    if isinstance(value, Mapping):
        return {name: to_json(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_json(part) for part in value]
    return value


def _is_absent(part: object) -> bool:
    return part is None or (isinstance(part, (Mapping, Sequence)) and not isinstance(part, str) and not part)


def of_json(kind: type[T], data: Any) -> T:
    """An answer as a dataclass.

    Raises KeyError or TypeError where it is none: a field is missing, or an object stands for something else.
    """
    hints = typing.get_type_hints(kind)
    given: dict[str, Any] = {}
    for each in dataclasses.fields(kind):  # type: ignore[arg-type]
        if each.name in data:
            given[each.name] = _part(hints[each.name], data[each.name])
        elif each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            raise KeyError(each.name)
    return kind(**given)


def _part(hint: Any, data: Any) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return of_json(hint, data)
    of, arguments = typing.get_origin(hint), typing.get_args(hint)
    if of in (types.UnionType, typing.Union):
        return None if data is None else _part(arguments[0], data)
    if of in (tuple, Sequence):
        return tuple(_part(arguments[0], each) for each in data)
    return data
