"""What is promised to agents, with a real server."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Server

from memhost_client import (
    Agent,
    AsyncClient,
    Client,
    Conflict,
    Document,
    Finding,
    MemhostError,
    Moment,
    NotAllowed,
    NotFound,
    Outcome,
    Retries,
    Source,
    Step,
    Task,
    Unavailable,
)

EXAMPLE = Path(__file__).parents[3] / "examples" / "agent"


@pytest.fixture
def client(server: Server, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A tenant for each test, so that none sees what another has told."""
    with Client("help-desk", base_url=server.url, tenant=request.node.name[:64]) as client:
        yield client


def test_what_was_told_comes_back_at_once(client: Client) -> None:
    assert client.retrieve("refund a double charge").text == ""
    with client.attempt("refund a double charge") as attempt:
        attempt.step("action", '{"order": 7}', name="refund_charge")
        attempt.answer = "refunded"
        attempt.succeeded()
    assert attempt.kept is not None
    assert attempt.kept.credited
    told = client.retrieve("a customer was charged twice and wants the money back")
    assert "refund_charge" in told.text
    assert "Outcome: success" in told.text
    assert len(told.cited) == 1
    assert (told.placement, told.degraded, told.wanted.trials) == ("user", None, 1)


def test_messages_of_chat_models_are_steps(client: Client) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "list_charges", "arguments": "{}"}}
    with client.attempt("why was I charged?") as attempt:
        attempt.messages = [
            {"role": "system", "content": "You are a help desk."},
            {"role": "user", "content": "why was I charged?"},
            {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None},
            {"role": "tool", "tool_call_id": "1", "content": "two orders"},
            {"role": "assistant", "content": "You ordered twice."},
        ]
        attempt.succeeded()
    assert "list_charges" in client.retrieve("why was I charged?").text


def test_all_that_can_be_told_is_taken(client: Client) -> None:
    task = Task("count", id="t1", labels={"user": "7"}, documents=(Document("d1", "a mail", {"from": "x"}),))
    agent = Agent("a1", "small", "planner")
    steps = [Step("thought", "hm"), Step("action", "{}", "look", failed=True, reward=0.5, agent="a1")]
    findings = [Finding("wrong sum", ["d1"], "correct it")]
    moments = [Moment("task-start"), Moment.step(2), Moment.after_tool("look"), Moment.retry(1)]
    moments += [Moment.subtask(0), Moment.round(1)]
    attempt = client.retrieve(task, agent=agent, token_budget=64).attempt
    for moment in moments:
        again = client.retrieve(task, agent=agent, attempt=attempt, moment=moment, transcript=steps, found=findings)
        assert again.attempt == attempt
    kept = client.record(attempt, steps=steps, answer="3", findings=findings, outcome=Outcome.scored(0.5), trial=1)
    assert kept.credited
    assert client.explain(attempt).task == task


def test_a_record_that_comes_twice_counts_once(client: Client) -> None:
    first = client.record("atwice", task="refund", answer="done", outcome=Outcome.success())
    assert client.record("atwice", task="refund", answer="done", outcome=Outcome.success()) == first
    with pytest.raises(Conflict) as caught:
        client.record("atwice", task="refund", answer="something else", outcome=Outcome.success())
    assert caught.value.code == "idempotency-mismatch"
    assert len(client.retrieve("refund").cited) == 1


def test_it_can_be_waited_until_it_is_learnt(client: Client) -> None:
    kept = client.record(task="refund", answer="done", outcome=Outcome.success(), wait="learnt")
    assert kept.learnt is True
    assert not kept.credited
    assert client.retrieve("refund", after=None).text != ""


def test_how_it_went_may_be_told_later_and_is_told_once(client: Client) -> None:
    with client.attempt("refund") as attempt:
        attempt.answer = "done"
    first = client.feedback(attempt.id, Outcome.success("the customer thanked"))
    assert client.feedback(attempt.id, Outcome.success("the customer thanked")) == first
    with pytest.raises(Conflict) as caught:
        client.feedback(attempt.id, Outcome.failure("it came back"))
    assert caught.value.code == "outcome-known"
    client.feedback(attempt.id, Outcome.failure("it came back"), revise=True)
    why = client.explain(attempt.id)
    assert why.outcome == Outcome("failure", None, "it came back", "agent")


def test_an_explanation_says_which_memories_were_cited(client: Client) -> None:
    learnt = client.record(task="refund", answer="done", outcome=Outcome.success())
    told = client.retrieve("refund")
    why = client.explain(told.attempt)
    assert why.task.text == "refund"
    assert why.outcome is None
    [handout] = why.handed_out
    [cited] = handout.cited
    assert cited.memory == told.cited[0].memory
    assert cited.now is not None
    assert "done" in cited.now.content
    assert cited.now.sources == (Source(learnt.attempt),)


def test_an_agent_that_breaks_leaves_an_attempt_whose_outcome_is_open(client: Client) -> None:
    with pytest.raises(ZeroDivisionError), client.attempt("divide") as attempt:
        raise ZeroDivisionError("by 0")
    why = client.explain(attempt.id)
    assert why.outcome is None or why.outcome.verdict == "unknown"
    client.feedback(attempt.id, Outcome.failure())


def test_problems_say_what_is_wrong_and_where(client: Client) -> None:
    with pytest.raises(NotFound) as caught:
        client.at(slot="sales").retrieve("x")
    assert (caught.value.code, caught.value.status) == ("no-such-slot", 404)
    with pytest.raises(NotFound) as caught:
        client.feedback("anobody", Outcome.success())
    assert caught.value.code == "no-such-attempt"
    with pytest.raises(MemhostError) as problem:
        client.record(task="x", outcome=Outcome.scored(7))
    assert (problem.value.code, problem.value.status) == ("score-out-of-range", 400)
    with pytest.raises(MemhostError) as problem:
        client.retrieve("")
    assert (problem.value.code, problem.value.field) == ("malformed", "task.text")
    assert problem.value.instance


def test_a_key_that_is_none_is_refused(server: Server) -> None:
    with Client(base_url=server.url, key="mh_1_wrong") as client, pytest.raises(NotAllowed) as caught:
        client.retrieve("x")
    assert caught.value.code == "key-unknown"


def test_a_tenant_sees_nothing_of_another(client: Client) -> None:
    told = client.record(task="refund", answer="secret", outcome=Outcome.success(), wait="learnt")
    other = client.at(tenant="other")
    assert other.retrieve("refund").text == ""
    with pytest.raises(NotFound):
        other.explain(told.attempt)
    with pytest.raises(NotFound):
        other.feedback(told.attempt, Outcome.failure())


def test_a_strategy_is_swapped_under_calls_and_none_fails(server: Server, client: Client) -> None:
    client.record(task="refund", answer="done", outcome=Outcome.success(), wait="learnt")
    begun = client.retrieve("refund")
    over = threading.Event()
    failures: list[Exception] = []
    generations: set[int] = set()

    def call() -> None:
        while not over.is_set():
            try:
                with client.attempt("refund") as attempt:
                    generations.add(attempt.handout.generation)
                    attempt.succeeded()
            except Exception as error:
                failures.append(error)

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    time.sleep(0.5)
    server.swap("recency", "inherit")
    time.sleep(0.5)
    over.set()
    for caller in callers:
        caller.join()
    assert failures == []
    assert len(generations) == 2
    assert client.retrieve("refund").text.startswith("Recent experience:"), "it inherits what was learnt"
    assert client.record(begun.attempt, answer="done", outcome=Outcome.success()).credited
    server.swap("rag", "fresh")
    assert client.retrieve("refund").text == "", "a fresh strategy begins with nothing"


def test_the_async_client_does_the_same(server: Server, request: pytest.FixtureRequest) -> None:
    async def run() -> None:
        async with AsyncClient("help-desk", base_url=server.url, tenant=request.node.name[:64]) as client:

            async def solve(number: int) -> None:
                async with client.attempt(f"task {number}") as attempt:
                    attempt.step("action", "{}", name="solve")
                    attempt.succeeded()

            await asyncio.gather(*(solve(number) for number in range(20)))
            told = await client.retrieve("task 7")
            assert "solve" in told.text
            assert (await client.explain(told.attempt)).handed_out

    asyncio.run(run())


def test_a_key_says_for_whom_and_how_much_its_outcomes_count(server_of_its_own: Server) -> None:
    server = server_of_its_own
    own = server.key("--tenant", "acme")
    of_any = server.key("--authority", "ground-truth")
    only_asks = server.key("--right", "read", "--tenant", "acme")
    server.start()
    truth = Outcome.success(authority="ground-truth")

    def refusal(key: str | None, tenant: str | None = None) -> str:
        with Client("help-desk", base_url=server.url, key=key, tenant=tenant) as client:
            with pytest.raises(MemhostError) as caught:
                client.record("atruth", task="refund", answer="done", outcome=truth)
            return caught.value.code

    assert refusal(None) == "key-missing"
    assert refusal(own) == "not-granted", "an agent cannot call its own verdict the truth"
    assert refusal(own, "beta") == "not-granted"
    assert refusal(only_asks) == "not-granted"
    assert refusal(of_any) == "tenant-missing"
    with Client("help-desk", base_url=server.url, key=of_any, tenant="acme") as client:
        client.record("atruth", task="refund", answer="done", outcome=truth, wait="learnt")
    with Client("help-desk", base_url=server.url, key=only_asks) as client:
        assert "done" in client.retrieve("refund").text


def test_what_was_acknowledged_outlives_a_kill_and_calls_meanwhile_wait(server_of_its_own: Server) -> None:
    server = server_of_its_own
    server.start()
    patient = Retries(most=200, longest_wait=0.25)
    with Client("help-desk", base_url=server.url, retries=patient) as client:
        attempt = client.retrieve("refund").attempt
        client.record(attempt, task="refund", answer="before the kill", outcome=Outcome.success())
        server.kill()
        starter = threading.Timer(0.5, server.start)
        starter.start()
        client.record(task="refund", answer="meanwhile", outcome=Outcome.success())
        starter.join()
        told = client.retrieve("refund").text
        assert "before the kill" in told
        assert "meanwhile" in told


def test_a_server_that_is_not_there_is_said_to_be() -> None:
    with Client(base_url="http://127.0.0.1:9", sleep=lambda _: None) as client, pytest.raises(Unavailable) as caught:
        client.retrieve("x")
    assert caught.value.code == "unreachable"


AGENTS = {"python": [sys.executable, "agent.py"], "node": ["node", "agent.mjs"], "curl": ["bash", "agent.sh"]}


@pytest.mark.parametrize("agent", AGENTS)
def test_the_examples_learn(agent: str, server_of_its_own: Server) -> None:
    server = server_of_its_own
    server.start()
    environment = os.environ | {"MEMHOST_URL": server.url}
    done = subprocess.run(AGENTS[agent], cwd=EXAMPLE, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    if agent == "curl":
        told = done.stdout.partition("ask again")[2]
        assert "refund_charge" in told.partition("explain")[0], done.stdout
        return
    tried = [line.strip() for line in done.stdout.splitlines() if "tried" in line]
    assert tried == [
        "tried 2: send_reset_link, change_address",
        "tried 1: refund_charge",
        "tried 1: refund_charge",
    ], done.stdout
