"""Memory for an agent, over HTTP: the client of memhost's live host.

    from memhost_client import Client

    with Client("help-desk") as memory, memory.attempt("refund a double charge") as a:
        a.answer = my_agent(a.guidance)
        a.succeeded()

An agent asks before it works (`retrieve`), tells afterwards (`record`) and, where it becomes known later, how it went
(`feedback`). `Client.attempt` is that loop as a block. `AsyncClient` has the same for asyncio.
"""

from .attempt import AsyncAttempt, Attempt
from .calls import LAST_WRITTEN
from .client import DEFAULT_URL, AsyncClient, Client
from .errors import Conflict, MemhostError, NotAllowed, NotFound, Unavailable
from .retries import Retries
from .values import (
    Actor,
    Agent,
    Authority,
    Citation,
    Counters,
    Degraded,
    Document,
    ExplainedCitation,
    ExplainedHandout,
    Explanation,
    Finding,
    Handout,
    Kept,
    Key,
    Memory,
    Message,
    Moment,
    Outcome,
    Source,
    Step,
    Task,
    Tool,
    Verdict,
    Wanted,
)

__all__ = [
    "DEFAULT_URL",
    "LAST_WRITTEN",
    "Actor",
    "Agent",
    "AsyncAttempt",
    "AsyncClient",
    "Attempt",
    "Authority",
    "Citation",
    "Client",
    "Conflict",
    "Counters",
    "Degraded",
    "Document",
    "ExplainedCitation",
    "ExplainedHandout",
    "Explanation",
    "Finding",
    "Handout",
    "Kept",
    "Key",
    "MemhostError",
    "Memory",
    "Message",
    "Moment",
    "NotAllowed",
    "NotFound",
    "Outcome",
    "Retries",
    "Source",
    "Step",
    "Task",
    "Tool",
    "Unavailable",
    "Verdict",
    "Wanted",
]
