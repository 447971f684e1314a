// Every operation of the API has a method, and the method calls that operation.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { OPERATIONS, Watchword } from "watchword";

const api = JSON.parse(readFileSync(new URL("../spec/openapi.json", import.meta.url), "utf8"));
const operations = Object.entries(api.paths).flatMap(([path, verbs]) =>
  Object.entries(verbs).filter(([, each]) => each.operationId)
    .map(([verb, { operationId }]) => ({ id: operationId, verb: verb.toUpperCase(), path })));

class Seen extends Error {}

/** What a method asks of the server. */
async function asked(name, id, path) {
  let seen;
  const fetch = async (url, init) => {
    seen = `${init.method} ${new URL(url).pathname}`;
    throw new Seen();
  };
  const client = new Watchword({ devKey: "demo", devSecret: "demo", maxRetries: 0, fetch });
  const [resource, method] = name.split(".");
  const ids = [...path.matchAll(/\{(\w+)\}/g)].map(([, each]) => each);
  const more = id === "sendCode" ? { code: "123456" } : {};
  const made = client[resource][method](...ids, more);
  try {
    if (made[Symbol.asyncIterator]) for await (const _ of made);
    else await made;
  } catch (error) {
    assert.ok(error.cause instanceof Seen, error);
  }
  return seen;
}

/** The operations that no method calls. */
async function missing(table) {
  const found = [];
  for (const { id, verb, path } of operations) {
    const name = table[id];
    const wanted = `${verb} ${path.replace(/[{}]/g, "")}`;
    if (!name || (await asked(name, id, path)) !== wanted) found.push(id);
  }
  return found;
}

test("every operation has its method", async () => {
  assert.ok(operations.length >= 48);
  assert.deepEqual(await missing(OPERATIONS), []);
  assert.deepEqual(Object.keys(OPERATIONS).sort(), operations.map(({ id }) => id).sort());
});

test("a method that is missing, and one that calls another operation, are mutants that are caught", async () => {
  const { unlockAddress: _, ...fewer } = OPERATIONS;
  assert.deepEqual(await missing(fewer), ["unlockAddress"]);
  assert.deepEqual(await missing({ ...OPERATIONS, getMessage: "messages.cancel" }), ["getMessage"]);
});

test("the package depends on nothing", () => {
  const text = readFileSync(new URL("../node_modules/watchword/package.json", import.meta.url), "utf8");
  const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(text);
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
});
