// The client without a network: what goes out, what comes back, what is sent again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import {
  APIError, ConfigurationError, Conflict, ConnectionFailed, Gone, NotFound, RateLimited,
  TimedOut, UnexpectedResponse, Watchword,
} from "watchword";
import { FakeServer } from "watchword/testing";

const KEYS = { devKey: "demo", devSecret: "s3cr3t-demo" };
const TO = "+6591234567";

/** Plays answers and failures in turn and keeps what it was sent. */
function script(...turns) {
  const requests = [];
  const fetch = async (url, init) => {
    requests.push({ url, ...init });
    const turn = turns.shift();
    if (turn instanceof Error) throw turn;
    return turn;
  };
  const slept = [];
  const sleep = async (seconds) => void slept.push(seconds);
  return { fetch, sleep, jitter: () => 0, requests, slept };
}

const answer = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });
const SENT = {
  message_id: "ver_1", send_channel: "sms", status: "pending", expires_at: "2026-03-01T12:00:00Z",
  resend_after: 30, assurance: "restricted",
};
const lost = (code) => new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });

function withEnvironment(values, run) {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (name.startsWith("WATCHWORD_")) delete process.env[name];
  Object.assign(process.env, values);
  try {
    return run();
  } finally {
    for (const name of Object.keys(process.env)) if (name.startsWith("WATCHWORD_")) delete process.env[name];
    Object.assign(process.env, before);
  }
}

test("a code is sent, a wrong one is no error, the right one verifies once", async () => {
  const fake = new FakeServer();
  const client = new Watchword({ ...KEYS, fetch: fake.fetch });
  const { messageId } = await client.messages.send({ to: TO, templateId: "otp-sms" });
  const wrong = await client.verifications.check({ messageId, code: "000000" });
  assert.deepEqual([wrong.verified, wrong.checksLeft], [false, 4]);
  const right = await client.verifications.check({ messageId, code: fake.codeFor(TO) });
  assert.deepEqual([right.verified, right.status], [true, "approved"]);
  await assert.rejects(client.verifications.check({ messageId, code: fake.codeFor(TO) }), Conflict);
});

test("the fake server keeps cool-down, checks and expiry", async () => {
  const fake = new FakeServer();
  const client = new Watchword({ ...KEYS, fetch: fake.fetch });
  const sent = await client.messages.send({ to: TO, templateId: "otp-sms" });
  await assert.rejects(client.messages.resend(sent.messageId), (error) => {
    assert.ok(error instanceof RateLimited);
    assert.deepEqual([error.retryAfter, error.extra.messageId], [30, sent.messageId]);
    return true;
  });
  fake.advance(30);
  await client.messages.resend(sent.messageId);
  fake.advance(270);
  await assert.rejects(client.verifications.check({ messageId: sent.messageId, code: "1" }), (error) => {
    assert.ok(error instanceof Gone);
    assert.equal(error.extra.reason, "expired");
    return true;
  });
  const many = await client.messages.sendCustom({ to: [TO, "zoe@example.com"], templateId: "x", code: "4711" });
  assert.deepEqual(many.messages.map((each) => each.to), [TO, "zoe@example.com"]);
  assert.equal(fake.codeFor("zoe@example.com"), "4711");
  await assert.rejects(client.messages.get("ver_0"), NotFound);
  assert.equal((await client.messages.list().toArray()).length, 3);
});

test("an own idempotency key is executed once", async () => {
  const fake = new FakeServer();
  const client = new Watchword({ ...KEYS, fetch: fake.fetch }).withOptions({ idempotencyKey: "signup-42" });
  const first = await client.messages.send({ to: TO, templateId: "otp-sms" });
  assert.equal((await client.messages.send({ to: TO, templateId: "otp-sms" })).messageId, first.messageId);
  assert.throws(() => client.withOptions({ idempotencyKey: " x" }), TypeError);
});

test("names are translated both ways, and the keys of maps are left alone", async () => {
  const { requests, ...wire } = script(answer(200, SENT));
  const client = new Watchword({ ...KEYS, ...wire });
  const sent = await client.messages.send({
    to: TO, templateId: "otp-sms", params: { firstName: "Ada" }, metadata: { user_id: "1", userId: "2" },
  });
  assert.deepEqual(JSON.parse(requests[0].body), {
    to: TO, template_id: "otp-sms", params: { firstName: "Ada" }, metadata: { user_id: "1", userId: "2" },
  });
  assert.equal(requests[0].url, "http://127.0.0.1:8080/v1/messages");
  assert.match(requests[0].headers["User-Agent"], /^watchword-node\//);
  assert.equal(sent.expiresAt.toISOString(), "2026-03-01T12:00:00.000Z");
  assert.equal(sent.resendAfter, 30);
  assert.equal(sent.raw.resend_after, 30);
});

test("every try carries the same idempotency key, and each call its own", async () => {
  const { requests, slept, ...wire } = script(
    lost("ECONNRESET"), answer(503, { code: 1000 }), answer(200, SENT), answer(200, SENT));
  const client = new Watchword({ ...KEYS, ...wire });
  await client.messages.send({ to: TO, templateId: "x" });
  await client.messages.send({ to: TO, templateId: "x" });
  const keys = requests.map((each) => each.headers["Idempotency-Key"]);
  assert.equal(new Set(keys.slice(0, 3)).size, 1);
  assert.notEqual(keys[2], keys[3]);
  assert.deepEqual(slept, [0.5, 1]);
});

test("what cannot pass is not sent again", async () => {
  for (const [status, body] of [[400, { code: 3002 }], [401, { code: 2001 }], [500, { code: 1000 }], [429, { code: 3004, retry_after: 30 }]]) {
    const { requests, ...wire } = script(answer(status, body));
    await assert.rejects(new Watchword({ ...KEYS, ...wire }).messages.send({ to: TO, templateId: "x" }), APIError);
    assert.equal(requests.length, 1);
  }
});

test("a lost connection says whether the server may have acted", async () => {
  for (const [code, maybe] of [["ECONNREFUSED", false], ["ENOTFOUND", false], ["ECONNRESET", true], ["UND_ERR_SOCKET", true]]) {
    const wire = script(lost(code));
    const client = new Watchword({ ...KEYS, ...wire, maxRetries: 0 });
    await assert.rejects(client.messages.get("ver_1"), (error) => {
      assert.ok(error instanceof ConnectionFailed);
      assert.equal(error.maybeProcessed, maybe);
      assert.match(error.message, /127\.0\.0\.1:8080/);
      return true;
    });
  }
});

test("what one try may have done, no other undoes", async () => {
  const wire = script(lost("ECONNRESET"), lost("ECONNREFUSED"), lost("ECONNREFUSED"));
  const sent = new Watchword({ ...KEYS, ...wire }).messages.send({ to: TO, templateId: "x" });
  await assert.rejects(sent, (error) => error.maybeProcessed === true);
});

test("a server that is silent is given up", async () => {
  const fetch = (_url, { signal }) => new Promise((_, fail) => {
    signal.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")));
  });
  const client = new Watchword({ ...KEYS, fetch, timeout: 10, maxRetries: 0 });
  await assert.rejects(client.messages.get("ver_1"), TimedOut);
});

test("an answer that is not Watchword's is said to be so", async () => {
  for (const page of [new Response("<html>", { status: 200 }), new Response(null, { status: 302 })]) {
    const client = new Watchword({ ...KEYS, ...script(page) });
    await assert.rejects(client.messages.get("ver_1"), UnexpectedResponse);
  }
});

test("with nothing set the error says what to set and offers the sandbox", () => {
  withEnvironment({}, () => {
    assert.throws(() => new Watchword(), (error) => {
      assert.ok(error instanceof ConfigurationError);
      for (const word of ["WATCHWORD_DEV_KEY", "WATCHWORD_DEV_SECRET", "WATCHWORD_URL", "inSandbox"]) {
        assert.match(error.message, new RegExp(word));
      }
      return true;
    });
    assert.equal(`${Watchword.inSandbox()}`, "Watchword(http://127.0.0.1:8080)");
    assert.equal(`${Watchword.inSandbox("http://example.test:9")}`, "Watchword(http://example.test:9)");
  });
});

test("what is not passed is read from the environment", async () => {
  const { requests, fetch } = script(answer(200, SENT));
  const values = { WATCHWORD_URL: "http://example.test:9/v1/", WATCHWORD_DEV_KEY: "a", WATCHWORD_DEV_SECRET: "b" };
  const client = withEnvironment(values, () => new Watchword({ fetch }));
  await client.messages.get("ver/1");
  assert.equal(requests[0].url, "http://example.test:9/v1/messages/ver%2F1");
  assert.equal(requests[0].headers.Authorization, `Basic ${Buffer.from("a:b").toString("base64")}`);
});

test("unusable settings are refused at once", () => {
  for (const wrong of [
    { ...KEYS, baseUrl: "example.com" }, { ...KEYS, baseUrl: "http://a:b@example.com" },
    { ...KEYS, apiKey: "x" }, { devKey: "a\n", devSecret: "b" }, { apiKey: "é" },
  ]) assert.throws(() => new Watchword(wrong), ConfigurationError);
  assert.throws(() => new Watchword(KEYS).messages.list({ limit: 0 }), RangeError);
  assert.rejects(async () => new Watchword(KEYS).messages.get(""), TypeError);
});

test("pages are read as one goes, and no further than the limit", async () => {
  const page = (ids, next) => answer(200, { data: ids.map((id) => ({ message_id: id })), next_cursor: next });
  const { requests, ...wire } = script(page(["a", "b"], "c1"), page(["c", "d"], null));
  const found = [];
  for await (const each of new Watchword({ ...KEYS, ...wire }).messages.list({ status: "pending", limit: 3 })) found.push(each.messageId);
  assert.deepEqual(found, ["a", "b", "c"]);
  assert.deepEqual(requests.map((each) => new URL(each.url).search), ["?status=pending&limit=3", "?status=pending&limit=1&cursor=c1"]);
});

test("a stream goes on after what it has, and its reader may leave", async () => {
  const event = (id) => `id: ${id}\ndata: ${JSON.stringify({ type: "key.created", id, timestamp: "2026-03-01T12:00:00Z", project_id: "p", data: { checks_left: 1 } })}\n\n`;
  const body = (text) => new Response(new Blob([text]).stream(), { status: 200 });
  const { requests, slept, ...wire } = script(
    body(`: alive\n\n${event("evt_1")}${event("evt_é2")}`), lost("ECONNREFUSED"), body(event("evt_3")));
  const found = [];
  for await (const each of new Watchword({ ...KEYS, ...wire }).events.stream({ type: "key" })) {
    found.push(each.id);
    assert.equal(each.data.checksLeft, 1);
    if (found.length === 3) break;
  }
  assert.deepEqual(found, ["evt_1", "evt_é2", "evt_3"]);
  assert.equal(new URL(requests[2].url).searchParams.get("last_event_id"), "evt_é2");
  assert.deepEqual(slept, [1, 0.5]);
});

test("nothing that is printed shows a code, a secret or an address", async () => {
  const rows = { data: [{ message_id: "ver_1", to: TO, code: "918273", text: "918273 is your code" }] };
  const client = new Watchword({ ...KEYS, ...script(answer(200, rows), answer(400, { code: 3002, detail: `918273 is no code for ${TO}` })) });
  const [message] = await client.inbox.list().toArray();
  assert.equal(message.code, "918273");
  const error = await client.verifications.check({ messageId: "ver_1", code: "918273" }).catch((each) => each);
  for (const shown of [inspect(message), inspect(client, { depth: 9 }), inspect(error, { depth: 9 }), error.stack, String(client)]) {
    for (const secret of ["918273", TO, "s3cr3t-demo"]) assert.ok(!shown.includes(secret), shown);
  }
});
