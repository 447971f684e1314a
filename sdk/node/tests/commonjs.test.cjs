// The package as CommonJS programs load it.
const assert = require("node:assert/strict");
const { test } = require("node:test");

const { Watchword, RateLimited, webhooks } = require("watchword");
const { FakeServer } = require("watchword/testing");
const { Webhook } = require("watchword/webhooks");

test("a CommonJS program has the same", async () => {
  const fake = new FakeServer();
  const client = new Watchword({ devKey: "demo", devSecret: "demo", fetch: fake.fetch });
  const sent = await client.messages.send({ to: "zoe@example.com", templateId: "otp-email" });
  assert.equal(sent.sendChannel, "email");
  await assert.rejects(client.messages.resend(sent.messageId), RateLimited);
  assert.equal(webhooks.Webhook, Webhook);
});
