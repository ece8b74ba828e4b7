"""Every phase of a strategy in a few lines, against the bindings that componentize-py generates."""

from typing import List

from wit_world import exports
from wit_world.imports import llm, run, store
from wit_world.imports.llm import ModelKind, Role
from wit_world.imports.store import (
    Comparison, Condition, Operand_OneOf, Probe, Ranking_Lexical, Scan, Search,
)
from wit_world.imports.types import (
    Adjustment, Arrangement, Attempt, Change, Citation, Commit_AtOnce, Compacted, Context, Counter, Counters,
    Description, ExpectedCalls, Feedback, Guidance, Key, Label, Labels, NewLink, NewMemory, NumberRange, Op,
    Op_Adjust, Op_Connect, Op_Insert, Op_Remove, Op_Revise, Parameter, Patch, Placement, Plan, Pressure, Query,
    Range_Numbers, Receipt, Setting, Source, State, Target_Inserted, Target_Memory, Tool, Trigger_EverySteps,
    Trigger_Retry, Value_Number,
)


def at_once(op: Op) -> Change:
    return Change(op, Commit_AtOnce())


def case(attempt: Attempt, content: str) -> NewMemory:
    return NewMemory(
        kind="case", title="", content=content, keys=[Key("task", attempt.task.text, False)],
        labels=[Label("agent", attempt.agent.role or attempt.agent.id)], payload="",
        counters=Counters(1.0, 0, 0, 0, 0.0), sources=[Source(attempt.id, None)], expires=run.now() + 1e9,
    )


class Strategy(exports.Strategy):
    def describe(self) -> Description:
        return Description(
            name="minimal", version="0.1.0", summary="Every phase in a few lines.", source="none",
            parameters=[
                Parameter("k", Value_Number(4.0), None, Range_Numbers(NumberRange(1.0, 50.0, True, True)), "How many."),
            ],
            requires=[], degraded=[],
        )

    def plan_for(self, settings: List[Setting]) -> Plan:
        return Plan(
            arrangement=Arrangement.BUILD_THEN_STREAM, labels=Labels.ANY, trials=1, build_trials=0, retries=1,
            batch=0, agent_temperature=None, moments=[Trigger_EverySteps(5), Trigger_Retry()], baseline_arm=False,
            all_agents=False, refinements=0, rounds=1, findings_per_round=0,
            calls=ExpectedCalls(0.0, 0.0, 0.0, 0.0),
        )


class Retrieve(exports.Retrieve):
    def retrieve(self, query: Query, settings: List[Setting]) -> Guidance:
        cases = [Condition("kind", Comparison.EQ, Operand_OneOf(["case"]))]
        hits = store.search_memories(Search(Ranking_Lexical(Probe(query.task.text, "key.task")), cases, 1, None))
        found = store.get_memories([query.candidate] if query.candidate else [hit.id for hit in hits])
        return Guidance(
            text="\n".join(one.content for one in found), placement=Placement.USER,
            replaces=len(query.handed_out) > 0, offers=[Tool("recall", "Looks something up.", "{}")],
            receipt=Receipt("", [Citation(one.id, 1.0) for one in found], ""),
        )


class Distill(exports.Distill):
    def distill(self, attempts: List[Attempt], settings: List[Setting]) -> List[Change]:
        changes: List[Change] = []
        for place, attempt in enumerate(attempts):
            whole, answer = Target_Inserted(2 * place), Target_Inserted(2 * place + 1)
            changes += [
                at_once(Op_Insert(case(attempt, attempt.task.text))),
                at_once(Op_Insert(case(attempt, attempt.answer))),
                at_once(Op_Connect(NewLink(answer, whole, "answers", 1.0))),
            ]
        return changes


class Update(exports.Update):
    def update(self, feedback: List[Feedback], settings: List[Setting]) -> List[Change]:
        if llm.kind(Role.JUDGE) == ModelKind.NONE:
            return []
        used = (one.memory for heard in feedback for one in heard.receipt.used)
        return [at_once(Op_Adjust(Adjustment(Target_Memory(id), Counter.USES, 1.0, None, None))) for id in used]


class Evict(exports.Evict):
    def evict(self, pressure: Pressure, settings: List[Setting]) -> List[str]:
        rows = store.scan_memories(Scan([], "last-used", False, 0, 1, False))
        return [row.memory.id for row in rows]


class Maintain(exports.Maintain):
    def maintain(self, settings: List[Setting]) -> List[Change]:
        rows = store.scan_memories(Scan([], None, False, 0, 2, False))
        if len(rows) < 2:
            return []
        first, second = (row.memory for row in rows)
        freeze = Patch(Target_Memory(first.id), None, None, None, None, None, State.FROZEN, second.sources, None)
        return [at_once(Op_Revise(freeze)), at_once(Op_Remove(Target_Memory(second.id)))]


class Compact(exports.Compact):
    def compact(self, context: Context, settings: List[Setting]) -> Compacted:
        return Compacted(context.summary, min(len(context.steps), 1), Receipt("", [], ""))
