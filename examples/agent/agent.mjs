// The agent of agent.py over plain HTTP. Runs under Node 20 and newer, without a package:
//
//     node agent.mjs
//
// Types are in JSDoc; `tsc --checkJs --noEmit --strict --module nodenext agent.mjs` checks them, with @types/node.

const TOOLS = ["send_reset_link", "change_address", "refund_charge", "call_back"];
const PATIENCE = 2;
const TICKETS = [
  "I was charged twice for my order, please refund one of them",
  "There are two charges for one order, please refund the second",
  "My order was charged twice, I want one charge refunded",
];

/** @typedef {{actor: "action" | "observation", text: string, name?: string, failed?: boolean}} Step */
/** @typedef {{attempt: string, text: string, degraded?: {reason: string}}} Handout */
/** @typedef {{attempt: string, sequence: number, credited: boolean}} Kept */
/** @typedef {{handed_out: {cited: unknown[]}[]}} Explanation */

const base = process.env.MEMHOST_URL ?? "http://127.0.0.1:4780";
const key = process.env.MEMHOST_KEY;

/**
 * One call of the slot; a body makes it a POST. It is tried again where that is safe and may help.
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
async function call(path, body) {
  const headers = { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) };
  const request = body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers };
  for (let tries = 1; ; tries++) {
    const answer = await fetch(`${base}/v1/slots/help-desk/${path}`, request).catch((/** @type {Error} */ lost) => lost);
    if (answer instanceof Response && answer.ok) return answer.json();
    const passes = answer instanceof Error || [429, 503].includes(answer.status);
    if (!passes || tries > 5) {
      // A problem says what was wrong with the request, and what to do.
      throw answer instanceof Error ? answer : new Error(await answer.text());
    }
    const asked = answer instanceof Response ? Number(answer.headers.get("Retry-After")) : 0;
    await new Promise((done) => setTimeout(done, asked * 1000 || 100 * 2 ** tries));
  }
}

/** What the desk's systems and the customer would say: all tickets here are about money. */
const helps = (/** @type {string} */ tool) => tool === "refund_charge";

/**
 * All tools, those first that settled such a ticket, without those that did not.
 * @param {string} guidance
 * @returns {string[]}
 */
function plan(guidance) {
  /** @type {string[]} */
  const settled = [];
  /** @type {string[]} */
  const inVain = [];
  for (const experience of guidance.split("Task: ").slice(1)) {
    const done = experience.match(/Done: (.*)/)?.[1] ?? "";
    const called = done.match(new RegExp(TOOLS.join("|"), "g")) ?? [];
    if (experience.includes("Outcome: failure")) {
      inVain.push(...called);
    } else {
      // The last call is what it ended with.
      settled.push(...called.slice(-1));
      inVain.push(...called.slice(0, -1));
    }
  }
  const others = TOOLS.filter((tool) => !inVain.includes(tool) && !settled.includes(tool));
  return [...new Set(settled), ...others];
}

let after;
for (const [index, ticket] of TICKETS.entries()) {
  console.log(`ticket ${index + 1}: ${ticket}`);
  const task = { text: ticket };
  // `after` is what was told last: it is learnt from before the answer is made.
  /** @type {Handout} */
  const told = await call("retrieve", { task, agent: { id: "help-desk-agent" }, after });
  console.log(`  told: ${told.text.split("\n").filter(Boolean).join(" | ") || "nothing"}`);

  /** @type {Step[]} */
  const steps = [];
  let settled = false;
  const tried = [];
  for (const tool of plan(told.text).slice(0, PATIENCE)) {
    tried.push(tool);
    steps.push({ actor: "action", name: tool, text: JSON.stringify({ ticket: index + 1 }) });
    settled = helps(tool);
    if (settled) {
      steps.push({ actor: "observation", text: "done" });
      break;
    }
    steps.push({ actor: "observation", text: "that is not what I need", failed: true });
  }
  console.log(`  tried ${tried.length}: ${tried.join(", ")}`);

  // That the customer left is known at once, and recorded with the attempt.
  const outcome = settled ? undefined : { verdict: "failure", reason: "the customer left" };
  const record = { attempt: told.attempt, task, steps, answer: tried.at(-1), outcome };
  /** @type {Kept} */
  let kept = await call("record", record);
  if (settled) {
    // Whether it is settled is known when the customer has looked: hours later, in another process, by the id alone.
    const good = { verdict: "success", reason: "the customer has the money" };
    kept = await call("feedback", { attempt: told.attempt, outcome: good });
    /** @type {Explanation} */
    const why = await call(`attempts/${told.attempt}/why`);
    console.log(`  settled, with ${why.handed_out.flatMap((handout) => handout.cited).length} memories cited`);
  } else {
    console.log("  the customer left");
  }
  after = kept.sequence;
}
