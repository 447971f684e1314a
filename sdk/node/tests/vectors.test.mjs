// The vectors that every SDK of Watchword runs: webhooks, retries, errors.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as watchword from "watchword";

import { camel, errorClass } from "../node_modules/watchword/dist/esm/errors.js";
import { Exchange, Retry, RetryPolicy, configure } from "../node_modules/watchword/dist/esm/protocol.js";

const spec = (name) => JSON.parse(readFileSync(new URL(`../spec/${name}`, import.meta.url), "utf8"));
const { webhooks, WebhookRefused } = watchword;

/** The vectors for which a verifier gives another verdict than they say. */
function misjudged(verify) {
  return spec("vectors/webhooks.json").filter((vector) => {
    const { body, headers, secret, username, now } = vector;
    try {
      verify(body, headers, secret, { username, now: () => now });
      return !vector.valid;
    } catch (error) {
      if (!(error instanceof WebhookRefused)) throw error;
      return vector.valid;
    }
  }).map((vector) => vector.name);
}

test("every vector of the webhooks is judged as it says, in both dialects", () => {
  assert.deepEqual(misjudged(webhooks.verify), []);
  const dialects = spec("vectors/webhooks.json").map((vector) => vector.dialect);
  assert.deepEqual(new Set(dialects), new Set(["standard", "engagelab"]));
});

test("a class that remembers judges them the same way", () => {
  const standard = (body, headers, secret, { username, now }) =>
    username ? webhooks.verify(body, headers, secret, { username, now })
      : new webhooks.Webhook(secret, { now }).verify(Buffer.from(body), new Headers(ascii(headers)));
  assert.deepEqual(misjudged(standard), []);
});

const ascii = (headers) => Object.fromEntries(
  Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString("latin1")]));

test("a webhook is not verified without a secret, and not with what is none", () => {
  const { body, headers } = spec("vectors/webhooks.json")[0];
  for (const secret of [undefined, [], "", "whsec_", "whsec_?", "é"]) {
    assert.throws(() => webhooks.verify(body, headers, secret), watchword.ConfigurationError);
    assert.throws(() => new webhooks.Webhook(secret), watchword.ConfigurationError);
  }
  for (const secret of [undefined, [], ""]) {
    assert.throws(() => webhooks.verify("{}", headers, secret, { username: "u" }), watchword.WatchwordError);
  }
});

test("each id is taken once, until it is forgotten or too old to be believed", () => {
  const { body, headers, secret, now } = spec("vectors/webhooks.json")[0];
  let clock = 0;
  const memory = new webhooks.RecentIds(2, () => clock);
  const webhook = new webhooks.Webhook(secret, { now: () => now, memory });
  const takes = () => webhook.verify(body, headers).type;
  assert.equal(takes(), "verification.approved");
  assert.throws(takes, webhooks.WebhookReplayed);
  webhook.forget(headers);
  takes();
  assert.throws(takes, webhooks.WebhookReplayed);
  clock += 600;
  takes();
  assert.ok(memory.add("b", 10) && memory.add("c", 10));
  takes(); // pushed out by the limit
  const forgetful = new webhooks.Webhook(secret, { now: () => now, memory: { add: () => true, discard() {} } });
  forgetful.verify(body, headers);
  assert.throws(() => assert.throws(() => forgetful.verify(body, headers)), assert.AssertionError); // a mutant
});

test("mutants that believe too much or too little are caught by the vectors", () => {
  const mutants = [
    (body, headers, secret, options) => webhooks.verify(body, headers, secret, { ...options, tolerance: 1e13 }),
    (body, headers, secret, options) => webhooks.verify(body, headers, secret, { ...options, tolerance: 299 }),
    (body, headers, secret, options) => webhooks.verify(body, headers, [secret].flat()[0], options),
    () => ({}),
  ];
  for (const mutant of mutants) assert.notDeepEqual(misjudged(mutant), []);
});

function failure({ class: name, status, body = {}, maybe_processed: maybeProcessed }) {
  if (status === undefined) return new watchword[name]("no answer", { maybeProcessed });
  const retryAfter = body.retry_after;
  return new (errorClass(status))(body, { httpStatus: status, retryAfter });
}

/** The vectors of which a policy makes something else. */
function misretried(policyOf) {
  return spec("vectors/retries.json").flatMap(({ name, error, max_retries, retries, jitter, delay }) =>
    Object.entries(delay).filter(([method, wanted]) => {
      const given = policyOf(max_retries).delay(method, failure(error), retries, jitter) ?? null;
      return given !== wanted;
    }).map(([method]) => `${method} ${name}`));
}

test("every vector of the retries is followed", () => {
  assert.deepEqual(misretried((most) => new RetryPolicy(most)), []);
});

test("mutants of the policy are caught by the vectors", () => {
  class RetriesAnyMethod extends RetryPolicy {
    mayRetry(_method, error) {
      return super.mayRetry("GET", error);
    }
  }
  class WaitsOutCoolDowns extends RetryPolicy {
    longestRateLimit = 60;
  }
  assert.ok(misretried((most) => new RetriesAnyMethod(most)).includes("POST 500"));
  assert.ok(misretried((most) => new WaitsOutCoolDowns(most)).includes("POST 429 cool-down"));
});

function thrown({ status, headers, content, call }) {
  const settings = configure({ devKey: "demo", devSecret: "s3cr3t-demo" }, {}, 1000, 0);
  const exchange = new Exchange(settings, { method: "POST", path: "/x", gives: "", body: call }, "k", () => 0);
  try {
    exchange.answered(status, headers["retry-after"] ?? null, content);
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

for (const vector of spec("vectors/errors.json")) {
  test(`an error is read as the vector says: ${vector.name}`, () => {
    const error = thrown(vector);
    assert.ok(error instanceof watchword[vector.class], error.name);
    assert.equal(error.name, vector.class);
    if (!(error instanceof watchword.APIError)) return;
    assert.equal(error.message, vector.text);
    for (const member of ["code", "http_status", "detail", "retryable", "retry_after", "doc_url", "next_action", "request_id"]) {
      assert.equal(error[camel(member)] ?? null, vector[member], member);
    }
    const extra = Object.entries(vector.extra).map(([name, value]) => [camel(name), value]);
    assert.deepEqual(error.extra, Object.fromEntries(extra));
  });
}

test("every error of the server has a class, and its retryable is kept", () => {
  for (const { slug, code, status, retryable, next_action } of spec("errors.json")) {
    const content = JSON.stringify({ code, retryable, next_action, message: slug });
    const error = thrown({ status, headers: {}, content, call: {} });
    assert.deepEqual([error.code, error.httpStatus, error.retryable, error.nextAction], [code, status, retryable, next_action]);
    assert.notEqual(error.constructor, watchword.APIError, slug);
  }
  assert.ok(new Retry(1).after === 1);
});
