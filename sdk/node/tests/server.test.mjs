// The client against the server at WATCHWORD_URL, with an administrator's key.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";

import { Authentication, Conflict, NotFound, RateLimited, Watchword, webhooks } from "watchword";

const client = new Watchword();
const TO = "+14155550123";

test("a code is sent, read in the inbox, verified once", async () => {
  const sent = await client.messages.send({ to: TO, templateId: "otp-sms", metadata: { order_id: "7" } });
  assert.equal(sent.mode, "development");
  assert.ok(sent.expiresAt instanceof Date);
  const [message] = await client.inbox.list({ to: TO, limit: 1 }).toArray();
  const { messageId } = sent;
  assert.equal((await client.verifications.check({ messageId, code: "000000" })).verified, message.code === "000000");
  assert.equal((await client.verifications.check({ messageId, code: message.code })).verified, true);
  await assert.rejects(client.verifications.check({ messageId, code: message.code }), Conflict);
  const whole = await client.messages.get(messageId);
  assert.deepEqual([whole.status, whole.metadata.order_id], ["approved", "7"]);
  assert.ok(whole.timeline[0].at instanceof Date);
});

test("resend, cancel and own codes", async () => {
  const to = "zoe@example.com";
  const sent = await client.messages.send({ to, templateId: "otp-email", code: "471147" });
  await assert.rejects(client.messages.resend(sent.messageId), (error) => {
    assert.ok(error instanceof RateLimited);
    assert.equal(error.nextAction, "wait");
    assert.ok(error.retryAfter > 5 && error.requestId && error.docUrl.endsWith(".md"));
    assert.equal(error.extra.messageId, sent.messageId);
    return true;
  });
  assert.equal((await client.messages.cancel(sent.messageId)).status, "canceled");
  await assert.rejects(client.messages.get("ver_00000000000000000000000000000000"), NotFound);
  assert.equal((await client.health()).status, "ok");
});

test("lists run over pages", async () => {
  const sandbox = Watchword.inSandbox();
  for (let count = 0; count < 3; count += 1) {
    await sandbox.messages.send({ to: "+10000000005", templateId: "sandbox-otp-tpl" });
  }
  const ids = [];
  for await (const each of sandbox.messages.list({ limit: 3 })) ids.push(each.messageId);
  assert.equal(new Set(ids).size, 3);
  assert.ok((await client.templates.list().toArray()).some((each) => each.templateId === "otp-sms"));
});

test("keys, templates and projects are managed", async () => {
  const key = await client.keys.create({ name: "node", scopes: ["messages:send"] });
  const other = new Watchword({ apiKey: key.bearer });
  await assert.rejects(other.keys.list().toArray(), (error) => error.httpStatus === 403);
  await client.keys.update(key.devKey, { disabled: true });
  await assert.rejects(other.messages.list().toArray(), Authentication);
  await client.keys.delete(key.devKey);
  await client.templates.create({
    templateId: "node-tpl", sendChannelStrategy: "sms", brandName: "Example",
    contents: { sms: { default: { text: "{{code}} is your Example code." } } }, verifyCodeConfig: null,
  }).catch((error) => assert.equal(error.httpStatus, 400));
  const next = await client.agent.nextStep();
  assert.equal(typeof next.why, "string");
});

test("a webhook of the server is verified in both dialects, and events are streamed", async () => {
  const taken = [];
  let heard;
  const all = new Promise((done) => { heard = done; });
  const peer = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    taken.push({ path: request.url, headers: request.headers, body });
    response.end();
    const bodies = taken.filter((each) => each.body.includes("verified") || each.body.includes("verification.approved"));
    if (new Set(bodies.map((each) => each.path)).size === 2) heard();
  }).listen(0, "127.0.0.1");
  await once(peer, "listening");
  const url = `http://127.0.0.1:${peer.address().port}`;
  const standard = await client.webhooks.create({ url: `${url}/standard` });
  const callback = await client.webhooks.create({ url: `${url}/callback`, dialect: "engagelab", username: "tester" });
  const [{ id: lastEventId }] = await client.events.list({ limit: 1 }).toArray();
  const to = "+14155550124";
  const { messageId } = await client.messages.send({ to, templateId: "otp-sms" });
  const [{ code }] = await client.inbox.list({ to, limit: 1 }).toArray();
  await client.verifications.check({ messageId, code });
  await all;
  peer.close();
  peer.closeAllConnections?.();
  const approved = taken.find((each) => each.body.includes("verification.approved"));
  const verifier = new webhooks.Webhook(standard.secret);
  const event = verifier.verify(approved.body, approved.headers);
  assert.deepEqual([event.type, event.data.messageId], ["verification.approved", messageId]);
  assert.throws(() => verifier.verify(approved.body, approved.headers), webhooks.WebhookReplayed);
  assert.equal(webhooks.verify(approved.body, approved.headers, standard.secret).id, event.id);
  const verified = taken.find((each) => each.path === "/callback" && each.body.includes('"verified"'));
  const { rows } = webhooks.verify(verified.body, verified.headers, callback.secret, { username: "tester" });
  assert.equal(rows[0].message_id, messageId);
  assert.throws(() => webhooks.verify(verified.body, verified.headers, "other", { username: "tester" }), webhooks.WebhookRefused);
  const types = [];
  for await (const each of client.events.stream({ type: "verification", lastEventId })) {
    assert.equal(each.data.messageId, messageId);
    types.push(each.type);
    if (types.length === 2) break;
  }
  assert.deepEqual(types, ["verification.created", "verification.approved"]);
  await client.webhooks.delete(standard.endpointId);
  assert.deepEqual((await client.webhooks.list().toArray()).map((each) => each.endpointId), [callback.endpointId]);
});
