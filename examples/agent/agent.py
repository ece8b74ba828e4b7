"""A help-desk agent that learns from what it tried, with no model and no key.

    python agent.py

A customer writes, the agent tries tools, and after two that did not help the customer leaves. Without guidance it tries them
from the first on. What memory tells it decides what it tries instead: not what did not help with such a ticket, and what
did before all else.
"""

import re

from memhost_client import Client, Outcome

TOOLS = ["send_reset_link", "change_address", "refund_charge", "call_back"]
PATIENCE = 2
TICKETS = [
    "I was charged twice for my order, please refund one of them",
    "There are two charges for one order, please refund the second",
    "My order was charged twice, I want one charge refunded",
]


def helps(tool: str) -> bool:
    """What the desk's systems and the customer would say: all tickets here are about money."""
    return tool == "refund_charge"


def plan(guidance: str) -> list[str]:
    """All tools, those first that settled such a ticket, without those that did not."""
    settled: list[str] = []
    in_vain: set[str] = set()
    for case in guidance.split("Task: ")[1:]:
        called = re.findall("|".join(TOOLS), case.partition("Done: ")[2].partition("\n")[0])
        if "Outcome: failure" in case:
            in_vain.update(called)
        else:
            # The last call is what it ended with.
            settled += called[-1:]
            in_vain.update(called[:-1])
    others = [tool for tool in TOOLS if tool not in in_vain and tool not in settled]
    return list(dict.fromkeys(settled)) + others


def main() -> None:
    with Client("help-desk") as memory:
        for number, ticket in enumerate(TICKETS, start=1):
            print(f"ticket {number}: {ticket}")
            with memory.attempt(ticket, agent="help-desk-agent") as attempt:
                print(f"  told: {' | '.join(attempt.guidance.splitlines()) or 'nothing'}")
                for tool in plan(attempt.guidance)[:PATIENCE]:
                    attempt.step("action", f'{{"ticket": {number}}}', name=tool)
                    attempt.answer = tool
                    if helps(tool):
                        attempt.step("observation", "done")
                        break
                    attempt.step("observation", "that is not what I need", failed=True)
                else:
                    # This is known at once, and recorded with the attempt.
                    attempt.failed("the customer left")
            calls = sum(step.actor == "action" for step in attempt.steps)
            print(f"  tried {calls}: {', '.join(step.name or '' for step in attempt.steps if step.name)}")
            if attempt.outcome:
                print("  the customer left")
                continue
            # Whether it is settled is known when the customer has looked: hours later, in another process, by the id alone.
            memory.feedback(attempt.id, Outcome.success("the customer has the money"))
            why = memory.explain(attempt.id)
            cited = sum(len(handout.cited) for handout in why.handed_out)
            print(f"  settled, with {cited} memories cited")


if __name__ == "__main__":
    main()
