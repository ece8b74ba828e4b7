"""What is sent, what is sent again and when, and how answers are read: without a server."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import memhost_client
from memhost_client import (
    Agent,
    AsyncClient,
    Client,
    Conflict,
    Degraded,
    Document,
    MemhostError,
    Moment,
    NotAllowed,
    NotFound,
    Outcome,
    Retries,
    Step,
    Task,
    Unavailable,
)

HANDOUT = {"attempt": "aaaaaaaaaaaaa", "text": "Refund it.", "generation": 3, "cited": [{"memory": "m1", "score": 0.5}]}
KEPT = {"attempt": "aaaaaaaaaaaaa", "sequence": 7, "credited": True}


class Wire:
    """Answers in order, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **settings: Any) -> Client:
        return Client("help-desk", transport=httpx.MockTransport(self), sleep=self.slept.append, **settings)

    def body(self, number: int = -1) -> Any:
        return json.loads(self.asked[number].content)


def answer(body: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def problem(code: str, status: int, **more: object) -> httpx.Response:
    return answer({"type": f"/problems/{code}", "title": "No", "status": status, "detail": "why", **more}, status)


def test_a_task_is_asked_about_by_its_text_alone() -> None:
    wire = Wire(answer(HANDOUT))
    told = wire.client().retrieve("refund")
    assert wire.asked[0].method == "POST"
    assert str(wire.asked[0].url) == "http://127.0.0.1:4780/v1/slots/help-desk/retrieve"
    assert wire.body() == {"task": {"text": "refund"}}
    assert (told.text, told.generation, told.cited[0].memory, told.degraded) == ("Refund it.", 3, "m1", None)


def test_all_that_is_known_is_sent_and_nothing_that_is_not() -> None:
    wire = Wire(answer(HANDOUT))
    task = Task("refund", id="t1", labels={"user": "7"}, documents=[Document("d1", "a mail")])
    steps = [Step("action", "{}", name="list_charges")]
    wire.client().retrieve(
        task, agent=Agent("a1", "small"), attempt="x", moment=Moment.step(2), transcript=steps, token_budget=99, after=4
    )
    assert wire.body() == {
        "task": {
            "text": "refund",
            "id": "t1",
            "labels": {"user": "7"},
            "documents": [{"id": "d1", "text": "a mail"}],
        },
        "agent": {"id": "a1", "model": "small"},
        "attempt": "x",
        "moment": {"step": 2},
        "transcript": [{"actor": "action", "text": "{}", "name": "list_charges"}],
        "token_budget": 99,
        "after": 4,
    }


def test_address_key_and_tenant_come_from_the_caller_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMHOST_URL", "http://memory:1/")
    monkeypatch.setenv("MEMHOST_KEY", "mh_1_x")
    wire = Wire(*[answer(HANDOUT) for _ in range(3)])
    wire.client().retrieve("refund")
    wire.client(base_url="http://other:2", key="mh_2_y", tenant="acme").retrieve("refund")
    wire.client().at(slot="a b", tenant="beta").retrieve("refund")
    seen = [(str(one.url), one.headers.get("Authorization"), one.headers.get("Memhost-Tenant")) for one in wire.asked]
    assert seen == [
        ("http://memory:1/v1/slots/help-desk/retrieve", "Bearer mh_1_x", None),
        ("http://other:2/v1/slots/help-desk/retrieve", "Bearer mh_2_y", "acme"),
        ("http://memory:1/v1/slots/a%20b/retrieve", "Bearer mh_1_x", "beta"),
    ]


def test_what_passes_is_tried_again_with_the_same_body() -> None:
    wire = Wire(
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        problem("too-many", 429),
        problem("draining", 503),
        problem("in-flight", 409),
        answer(KEPT),
    )
    kept = wire.client().record(task="refund", outcome=Outcome.success())
    assert kept.sequence == 7
    bodies = {one.content for one in wire.asked}
    assert len(wire.asked) == 6
    assert len(bodies) == 1, "a record without an attempt must carry the same id each time"
    assert re.fullmatch("a[a-z2-7]{12}", wire.body()["attempt"])
    assert wire.slept == sorted(wire.slept), "each wait is longer than the one before"
    assert 0.05 <= wire.slept[0] <= 0.1


def test_two_records_without_an_attempt_are_two_attempts() -> None:
    wire = Wire(answer(KEPT), answer(KEPT))
    client = wire.client()
    client.record(task="refund")
    client.record(task="refund")
    assert wire.body(0)["attempt"] != wire.body(1)["attempt"]


def test_the_server_says_how_long_to_wait() -> None:
    busy = {"type": "/problems/too-many", "title": "No"}
    wire = Wire(answer(busy, 429, **{"Retry-After": "3"}), answer(HANDOUT))
    wire.client().retrieve("refund")
    assert wire.slept == [3.0]
    wire = Wire(answer(busy, 429, **{"Retry-After": "86400"}))
    with pytest.raises(Unavailable):
        wire.client().retrieve("refund")
    assert wire.slept == [], "a day is not waited for"


def test_retries_end() -> None:
    wire = Wire(*[httpx.ConnectError("refused") for _ in range(3)])
    with pytest.raises(Unavailable) as caught:
        wire.client(retries=Retries(most=2)).retrieve("refund")
    assert (caught.value.code, caught.value.status, caught.value.detail) == ("unreachable", None, "refused")
    assert len(wire.asked) == 3


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("malformed", 400, MemhostError),
        ("key-unknown", 401, NotAllowed),
        ("not-granted", 403, NotAllowed),
        ("no-such-attempt", 404, NotFound),
        ("outcome-known", 409, Conflict),
        ("idempotency-mismatch", 422, Conflict),
        ("strategy-failed", 502, MemhostError),
    ],
)
def test_a_problem_is_an_exception_with_all_that_it_says(code: str, status: int, kind: type[MemhostError]) -> None:
    wire = Wire(problem(code, status, field="outcome.score", instance="r1"))
    with pytest.raises(MemhostError) as caught:
        wire.client().feedback("x", Outcome.scored(2))
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.status, error.title, error.detail) == (code, status, "No", "why")
    assert (error.field, error.instance) == ("outcome.score", "r1")
    assert str(error) == "No: why"
    assert len(wire.asked) == 1, "what cannot pass is not tried again"


def test_an_answer_that_is_not_memhosts_is_said_to_be_none() -> None:
    wire = Wire(
        httpx.Response(200, text="<html>"), httpx.Response(200, json={"text": "x"}), httpx.Response(404, text="?")
    )
    client = wire.client()
    for code in ("unexpected-answer", "unexpected-answer", "http-404"):
        with pytest.raises(MemhostError) as caught:
            client.retrieve("refund")
        assert caught.value.code == code


def test_a_strategy_that_fails_is_no_exception() -> None:
    wire = Wire(answer({**HANDOUT, "text": "", "cited": [], "degraded": {"reason": "it used up its fuel"}}))
    told = wire.client().retrieve("refund")
    assert told.text == ""
    assert told.degraded == Degraded("it used up its fuel")


def test_a_newer_servers_answer_is_understood() -> None:
    wire = Wire(answer({**HANDOUT, "mood": "good", "wanted": {"trials": 3, "rounds": 1, "naps": 2}}))
    assert wire.client().retrieve("refund").wanted.trials == 3


def test_what_was_told_is_waited_for_once_and_only_at_its_slot_and_tenant() -> None:
    wire = Wire(answer(KEPT), *[answer(HANDOUT) for _ in range(4)])
    client = wire.client(tenant="acme")
    client.record("x", answer="done")
    client.at(tenant="beta").retrieve("refund")
    client.at(slot="other").retrieve("refund")
    client.retrieve("refund")
    client.retrieve("refund")
    assert [wire.body(number).get("after") for number in range(1, 5)] == [None, None, 7, None]


def test_reading_ones_own_writes_can_be_switched_off() -> None:
    wire = Wire(answer(KEPT), answer(HANDOUT), answer(KEPT), answer(HANDOUT))
    careless = wire.client(reads_own_writes=False)
    careless.record("x")
    careless.retrieve("refund")
    client = wire.client()
    client.record("x")
    client.retrieve("refund", after=None)
    assert "after" not in wire.body(1)
    assert "after" not in wire.body(3)


def test_what_could_not_be_asked_is_waited_for_the_next_time() -> None:
    wire = Wire(answer(KEPT), problem("malformed", 400), answer(HANDOUT))
    client = wire.client()
    client.record("x")
    with pytest.raises(MemhostError):
        client.retrieve("")
    client.retrieve("refund")
    assert wire.body()["after"] == 7


def test_steps_and_messages_are_told_apart() -> None:
    client = Wire().client()
    with pytest.raises(ValueError, match="not both"):
        client.record("x", steps=[Step("answer", "y")], messages=[{"role": "user", "content": "z"}])
    with pytest.raises(ValueError, match="needs its task"):
        client.record()


def test_a_block_asks_at_its_beginning_and_records_at_its_end() -> None:
    wire = Wire(answer(HANDOUT), answer(HANDOUT), answer(KEPT))
    with wire.client().attempt("refund", agent="a1", token_budget=50) as attempt:
        assert attempt.guidance == "Refund it."
        attempt.step("action", "{}", name="refund", failed=False)
        attempt.ask(Moment.after_tool("refund"))
        attempt.answer = "done"
        attempt.score(0.7, "nearly")
    assert wire.body(0) == {"task": {"text": "refund"}, "agent": {"id": "a1"}, "token_budget": 50}
    step = {"actor": "action", "text": "{}", "name": "refund", "failed": False}
    assert (wire.body(1)["attempt"], wire.body(1)["transcript"]) == ("aaaaaaaaaaaaa", [step])
    assert wire.body(2) == {
        "attempt": "aaaaaaaaaaaaa",
        "task": {"text": "refund"},
        "agent": {"id": "a1"},
        "steps": [step],
        "answer": "done",
        "outcome": {"verdict": "unknown", "score": 0.7, "reason": "nearly"},
    }
    assert attempt.kept is not None
    assert attempt.kept.sequence == 7


def test_a_block_where_nobody_says_how_it_went_leaves_it_open() -> None:
    wire = Wire(answer(HANDOUT), answer(KEPT))
    with wire.client().attempt("refund") as attempt:
        attempt.messages = [{"role": "assistant", "content": "done", "refusal": None}]
    assert wire.body()["messages"] == [{"role": "assistant", "content": "done", "refusal": None}]
    assert "outcome" not in wire.body()


def broken(wire: Wire, say: Callable[[memhost_client.Attempt], None], error: BaseException) -> None:
    with pytest.raises(type(error)), wire.client().attempt("refund") as attempt:
        say(attempt)
        raise error


def test_an_exception_of_the_agent_is_no_verdict() -> None:
    wire = Wire(answer(HANDOUT), answer(KEPT))
    broken(wire, lambda attempt: attempt.step("thought", "hm"), ZeroDivisionError("by 0"))
    assert wire.body()["outcome"] == {"verdict": "unknown", "reason": "it ended by ZeroDivisionError: by 0"}
    assert wire.body()["steps"] == [{"actor": "thought", "text": "hm"}]


def test_a_verdict_stands_though_an_exception_follows() -> None:
    wire = Wire(answer(HANDOUT), answer(KEPT))
    broken(wire, lambda attempt: attempt.succeeded(), ZeroDivisionError())
    assert wire.body()["outcome"] == {"verdict": "success"}


def test_the_agents_exception_goes_before_one_of_the_record(caplog: pytest.LogCaptureFixture) -> None:
    wire = Wire(answer(HANDOUT), problem("too-large", 413))
    broken(wire, lambda attempt: None, ZeroDivisionError())
    assert "could not be recorded" in caplog.text


def test_who_stops_the_program_waits_for_no_record() -> None:
    wire = Wire(answer(HANDOUT))
    broken(wire, lambda attempt: None, KeyboardInterrupt())
    assert len(wire.asked) == 1


def test_both_clients_have_the_same_calls() -> None:
    def calls(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")}

    assert (
        calls(Client) == calls(AsyncClient) == {"retrieve", "record", "feedback", "explain", "attempt", "at", "close"}
    )
    assert calls(memhost_client.Attempt) == calls(memhost_client.AsyncAttempt)


def test_the_async_client_does_the_same() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    wire = Wire(httpx.ConnectError("refused"), answer(HANDOUT), answer(KEPT), answer(KEPT), answer(HANDOUT))

    async def run() -> None:
        transport = httpx.MockTransport(wire)
        async with AsyncClient("help-desk", transport=transport, sleep=sleep) as client:
            with pytest.raises(ZeroDivisionError):
                async with client.attempt("refund") as attempt:
                    await asyncio.sleep(0)
                    raise ZeroDivisionError
            await client.feedback(attempt.id, Outcome.failure("no"))
            await client.retrieve("refund")

    asyncio.run(run())
    assert len(slept) == 1
    assert wire.body(2)["outcome"] == {"verdict": "unknown", "reason": "it ended by ZeroDivisionError"}
    assert wire.body(3) == {"attempt": "aaaaaaaaaaaaa", "outcome": {"verdict": "failure", "reason": "no"}}
    assert wire.body(4)["after"] == 7


@pytest.mark.parametrize("key", ["mh_secret\n", "  mh_secret "])
def test_a_newline_is_no_part_of_a_key(key: str) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(202, json={"attempt": "a1", "sequence": 1, "credited": False})

    with Client("desk", key=key, transport=httpx.MockTransport(answer)) as client:
        client.feedback("a1", Outcome.success())
    assert seen == ["Bearer mh_secret"]


def test_a_key_that_cannot_be_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="no key of a memhost server") as refused:
        Client("desk", key="mh_se\ncret")
    assert "cret" not in str(refused.value).replace("no key of a memhost server", "")
