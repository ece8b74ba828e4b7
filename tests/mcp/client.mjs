// An agent whose memory is reached with the official TypeScript client of MCP.
//
//     client.mjs http URL
//     client.mjs stdio PROGRAM ARGUMENT...
//
// In the middle it prints `restart` and waits for a line: whoever runs it starts the server anew meanwhile. The same client
// goes on, and prints `done`.

import assert from "node:assert/strict";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [kind, ...where] = process.argv.slice(2);
const transports = {
  http: () => new StreamableHTTPClientTransport(new URL(where[0])),
  stdio: () => new StdioClientTransport({ command: where[0], args: where.slice(1), env: process.env }),
};
const client = new Client({ name: "memhost-tests", version: "1" });
await client.connect(transports[kind]());

async function use(tool, args) {
  const result = await client.callTool({ name: tool, arguments: args });
  assert.equal(result.structuredContent, undefined);
  assert.equal(result.content.length, 1);
  return { text: result.content[0].text, refused: result.isError === true };
}

async function recall(task) {
  const { text, refused } = await use("recall", { task });
  assert.ok(!refused, text);
  const attempt = text.match(/^Attempt: (.+)\n/)?.[1];
  assert.ok(attempt, text);
  return { attempt, text };
}

// Recalls until what was recorded is learnt.
async function learnt(task, words) {
  for (let tries = 0; tries < 100; tries++) {
    const { attempt, text } = await recall(task);
    if (text.includes(words)) return attempt;
    await sleep(100);
  }
  assert.fail(`${words} is not recalled`);
}

assert.equal(client.getServerVersion().name, "memhost");
assert.equal(client.getInstructions().split("\n").length, 5);
const { tools } = await client.listTools();
assert.deepEqual(tools.map((tool) => tool.name), ["recall", "record", "feedback", "explain"]);
assert.equal(tools[0].annotations.readOnlyHint, true);
assert.equal(tools[1].annotations.destructiveHint, false);

let { attempt } = await recall("refund a customer who was charged twice");
const steps = [
  { actor: "action", name: "list_charges", text: "{}" },
  { actor: "observation", text: "two charges of 10" },
];
const recorded = await use("record", { attempt, outcome: "success", answer: "refunded the second charge", steps });
assert.ok(!recorded.refused && recorded.text.includes(attempt), recorded.text);
attempt = await learnt("a customer was charged twice", "list_charges");

const lines = createInterface({ input: process.stdin });
console.log("restart");
await lines[Symbol.asyncIterator]().next();

const judged = await use("feedback", { attempt, verdict: "failure", score: 0.25, reason: "the wrong charge" });
assert.ok(!judged.refused && judged.text.includes("credited"), judged.text);
const why = await use("explain", { attempt });
assert.ok(!why.refused && why.text.includes("Outcome: failure, score 0.25: the wrong charge"), why.text);
await learnt("another customer was charged twice", "list_charges");
assert.equal((await client.listTools()).tools.length, 4);
const nobodys = await use("explain", { attempt: "of-nobody" });
assert.ok(nobodys.refused && nobodys.text.startsWith("no-such-attempt: "), nobodys.text);
const noon = await use("recall", { task: "one", moment: "noon" });
assert.ok(noon.refused && noon.text.includes("moment"), noon.text);

lines.close();
await client.close();
console.log("done");
