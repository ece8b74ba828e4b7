// Every phase of a strategy in a few lines, against the contract's own names.

import { kind } from "memhost:strategy/llm@0.2.0";
import { now } from "memhost:strategy/run@0.2.0";
import { getMemories, scanMemories, searchMemories } from "memhost:strategy/store@0.2.0";

/** @import * as types from "memhost:strategy/types@0.2.0" */

/** @returns {types.Change} */
const atOnce = (/** @type {types.Op} */ op) => ({ op, commit: { tag: "at-once" } });
/** @returns {types.Target} */
const stored = (/** @type {string} */ id) => ({ tag: "memory", val: id });
/** @returns {types.Target} */
const inserted = (/** @type {number} */ place) => ({ tag: "inserted", val: place });
/** @returns {types.Receipt} */
const receipt = (/** @type {types.Citation[]} */ used) => ({ id: "", used, note: "" });

/** @returns {types.NewMemory} */
const caseOf = (/** @type {types.Attempt} */ { id, task, agent }, /** @type {string} */ content) => ({
  kind: "case", title: "", content, keys: [{ name: "task", text: task.text, embedded: false }],
  labels: [{ name: "agent", value: agent.role ?? agent.id }], payload: "",
  counters: { weight: 1, uses: 0, wins: 0, losses: 0, strength: 0 }, sources: [{ attempt: id }], expires: now() + 1e9,
});

/** @type {typeof import("memhost:strategy/strategy@0.2.0")} */
export const strategy = {
  describe: () => ({
    name: "minimal", version: "0.1.0", summary: "Every phase in a few lines.", source: "none",
    parameters: [{
      name: "k", default: { tag: "number", val: 4 }, doc: "How many.",
      range: { tag: "numbers", val: { least: 1, most: 50, whole: true, logarithmic: true } },
    }],
    requires: [], degraded: [],
  }),
  planFor: () => ({
    arrangement: "build-then-stream", labels: "any", trials: 1, buildTrials: 0, retries: 1, batch: 0,
    moments: [{ tag: "every-steps", val: 5 }, { tag: "retry" }], baselineArm: false, allAgents: false,
    refinements: 0, rounds: 1, findingsPerRound: 0, calls: { retrieve: 0, distill: 0, update: 0, candidates: 0 },
  }),
};

/** @type {typeof import("memhost:strategy/retrieve@0.2.0")} */
export const retrieve = {
  retrieve({ task, candidate, handedOut }) {
    const hits = searchMemories({
      ranking: { tag: "lexical", val: { text: task.text, field: "key.task" } },
      filter: [{ field: "kind", comparison: "eq", operand: { tag: "one-of", val: ["case"] } }], limit: 1,
    });
    const found = getMemories(candidate ? [candidate] : hits.map((hit) => hit.id));
    return {
      text: found.map((one) => one.content).join("\n"), placement: "user", replaces: handedOut.length > 0,
      offers: [{ name: "recall", description: "Looks something up.", schema: "{}" }],
      receipt: receipt(found.map((one) => ({ memory: one.id, score: 1 }))),
    };
  },
};

/** @type {typeof import("memhost:strategy/distill@0.2.0")} */
export const distill = {
  distill: (attempts) => attempts.flatMap((attempt, place) => [
    atOnce({ tag: "insert", val: caseOf(attempt, attempt.task.text) }),
    atOnce({ tag: "insert", val: caseOf(attempt, attempt.answer) }),
    atOnce({
      tag: "connect",
      val: { source: inserted(2 * place + 1), target: inserted(2 * place), kind: "answers", weight: 1 },
    }),
  ]),
};

/** @type {typeof import("memhost:strategy/update@0.2.0")} */
export const update = {
  update(feedback) {
    if (kind("judge") === "none") return [];
    const used = feedback.flatMap((heard) => heard.receipt.used.map((one) => one.memory));
    return used.map((id) => atOnce({ tag: "adjust", val: { target: stored(id), counter: "uses", delta: 1 } }));
  },
};

const scan = (/** @type {string | undefined} */ orderBy, /** @type {number} */ limit) =>
  scanMemories({ filter: [], orderBy, descending: false, offset: 0, limit, withVectors: false }).map((row) => row.memory);

/** @type {typeof import("memhost:strategy/evict@0.2.0")} */
export const evict = { evict: () => scan("last-used", 1).map((one) => one.id) };

/** @type {typeof import("memhost:strategy/maintain@0.2.0")} */
export const maintain = {
  maintain() {
    const [first, second] = scan(undefined, 2);
    if (!second) return [];
    return [
      atOnce({ tag: "revise", val: { target: stored(first.id), state: "frozen", moreSources: second.sources } }),
      atOnce({ tag: "remove", val: stored(second.id) }),
    ];
  },
};

/** @type {typeof import("memhost:strategy/compact@0.2.0")} */
export const compact = {
  compact: ({ summary, steps }) => ({ text: summary, keepLast: Math.min(steps.length, 1), receipt: receipt([]) }),
};
