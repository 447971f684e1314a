// The tools for models: what they are offered, and what becomes of their calls.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { APIError, ConfigurationError, Watchword, agent } from "watchword";
import { FakeServer } from "watchword/testing";

const TO = "+6591234567";
const NAMES = ["send_otp", "get_otp_status", "resend_otp", "cancel_otp", "list_templates", "next_step"];
const SENT = { to: TO, template_id: null, channel: null, language: null, purpose: null };
const FORMS = {
  openai: (tool) => [tool.name, tool.parameters, tool.strict],
  "openai-chat": ({ function: tool }) => [tool.name, tool.parameters, tool.strict],
  anthropic: (tool) => [tool.name, tool.input_schema, tool.strict],
  gemini: (tool) => [tool.name, tool.parametersJsonSchema, true],
  mcp: (tool) => [tool.name, tool.inputSchema, true],
};

function offline() {
  const fake = new FakeServer();
  return { fake, client: new Watchword({ devKey: "demo", devSecret: "demo", fetch: fake.fetch }) };
}

for (const [format, read] of Object.entries(FORMS)) {
  test(`the tools are offered in the form of ${format}`, () => {
    const found = agent.tools(format).map(read);
    assert.deepEqual(found.map(([name]) => name), NAMES);
    assert.ok(found.every(([, schema, strict]) => strict && schema.additionalProperties === false));
    const all = agent.tools(format, { verify: true }).map(read);
    assert.deepEqual(all.map(([name]) => name), [...NAMES, "verify_otp"]);
  });
}

test("the definitions are those of the specification, and whoever changes one changes their own", () => {
  const { tools } = JSON.parse(readFileSync(new URL("../spec/tools.json", import.meta.url), "utf8"));
  const offered = agent.tools("openai", { verify: true });
  assert.deepEqual(offered.map((each) => each.parameters), tools.map((each) => each.parameters));
  offered[0].parameters.properties = {};
  assert.ok(agent.tools("openai")[0].parameters.properties.to);
  assert.throws(() => agent.tools("grok"), /openai-chat, anthropic, gemini, mcp/);
});

test("a code is sent and the model learns where it stands", async () => {
  const { fake, client } = offline();
  const sent = await agent.dispatch("send_otp", JSON.stringify(SENT), { client });
  assert.deepEqual([sent.status, sent.send_channel], ["pending", "sms"]);
  const { message_id } = sent;
  await client.verifications.check({ messageId: message_id, code: fake.codeFor(TO) });
  assert.equal((await agent.dispatch("get_otp_status", { message_id }, { client })).status, "approved");
});

test("an email address gets the template for email", async () => {
  const { client } = offline();
  const { message_id } = await agent.dispatch("send_otp", { to: "ada@example.com" }, { client });
  assert.equal((await client.messages.get(message_id)).raw.template_id, "otp-email");
});

test("a refusal is a result that says what to do", async () => {
  const { client } = offline();
  const { message_id } = await agent.dispatch("send_otp", SENT, { client });
  const refused = await agent.dispatch("resend_otp", { message_id, channel: null }, { client });
  assert.deepEqual(
    [refused.next_action, refused.retry_after, refused.code, refused.message_id],
    ["wait", 30, 3004, message_id]);
  assert.ok(refused.error);
});

const WRONG = {
  "no tool": ["send_sms", {}],
  "not offered": ["verify_otp", { message_id: "ver_1", code: "482913" }],
  "no JSON": ["send_otp", "{"],
  "no object": ["send_otp", "[]"],
  "no argument": ["send_otp", {}],
  "an argument too many": ["send_otp", { ...SENT, code: "482913" }],
  "of another type": ["send_otp", { ...SENT, to: 6591234567 }],
  "an empty id": ["get_otp_status", { message_id: ".." }],
  "a name of an object's own": ["constructor", {}],
};
for (const [what, [name, args]] of Object.entries(WRONG)) {
  test(`a call that is none is told so, and nothing is sent: ${what}`, async () => {
    const fetch = () => assert.fail("something was sent");
    const client = new Watchword({ devKey: "demo", devSecret: "demo", fetch });
    const { error, next_action: action } = await agent.dispatch(name, args, { client });
    assert.equal(action, "fix_request");
    assert.ok(!error.includes("482913") && !error.includes(TO));
  });
}

test("a code is checked only where that was allowed", async () => {
  const { fake, client } = offline();
  const { message_id } = await agent.dispatch("send_otp", SENT, { client });
  const args = { message_id, code: fake.codeFor(TO) };
  assert.match((await agent.dispatch("verify_otp", args, { client })).error, /no tool/);
  assert.equal((await agent.dispatch("verify_otp", args, { client, verify: true })).status, "approved");
});

const SPILLING = {
  message_id: "ver_1", status: "pending", code: "482913", text: "Your code is 482913.",
  metadata: { note: "482913" }, timeline: [{ data: { code: "482913" } }],
};

/** Whether a dispatch tells the model a code that a server spills. */
async function spills(dispatch) {
  const answer = { status: 200, headers: new Headers(), text: async () => JSON.stringify(SPILLING) };
  const client = new Watchword({ devKey: "demo", devSecret: "demo", fetch: async () => answer });
  return JSON.stringify(await dispatch(client)).includes("482913");
}

test("a server that spills a code does not spill it to the model", async () => {
  assert.equal(await spills((client) => agent.dispatch("send_otp", SENT, { client })), false);
});

test("a dispatch that tells the whole answer is a mutant that is caught", async () => {
  const mutant = async (client) => (await client.messages.get("ver_1")).raw;
  assert.equal(await spills(mutant), true);
});

test("an error does not repeat the address", async () => {
  const fetch = async () => new Response(JSON.stringify({ code: 5011, detail: `Invalid: ${TO}` }), { status: 400 });
  const client = new Watchword({ devKey: "demo", devSecret: "demo", fetch });
  assert.ok(!JSON.stringify(await agent.dispatch("send_otp", SENT, { client })).includes(TO));
  await assert.rejects(client.messages.send({ to: TO, templateId: "x" }), APIError);
});

test("without a client one is made from the environment, or the missing is said", async () => {
  delete process.env.WATCHWORD_DEV_KEY;
  await assert.rejects(agent.dispatch("next_step", {}), ConfigurationError);
});
