/** The wire protocol without I/O: a call becomes a request, an answer a result, error or retry.
 *
 * Nothing here opens a connection, sleeps, or draws a random number: `client.ts` does that and
 * nothing else.
 */

import {
  APIError, ConfigurationError, ConnectionFailed, RateLimited, UnexpectedResponse, WatchwordError,
  errorClass, mayPass,
} from "./errors.js";
import { isObject, read, snake, write } from "./records.js";

export const VERSION = "0.1.0";
export const DEFAULT_URL = "http://127.0.0.1:8080";
const LONGEST_PAGE = 100;
const KEY = /^(?!["\s])[ -~]{0,254}[!-~]$/;
const HOW_TO_GET_A_KEY =
  "Set WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET (and WATCHWORD_URL unless the server is at " +
  `${DEFAULT_URL}), or pass devKey and devSecret, or apiKey. ` +
  "To get a key, run: watchword-server keys create --name my-app --json. " +
  "To try it without one, use the sandbox: Watchword.inSandbox()";

/** One API call: what goes out, and how its answer is read. */
export interface Call {
  method: string;
  path: string;
  gives: string;
  query?: object;
  body?: object;
  takes?: string;
  prefix?: string;
  /** What no error may repeat, beside what is found by its name. */
  secrets?: string[];
}

/** An HTTP request, to be sent as it is as often as needed. */
export interface WireRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | undefined;
}

/** The same request is to be sent again after so many seconds. */
export class Retry {
  constructor(readonly after: number) {}
}

/** Whether and when a failed request is sent again.
 *
 * A second message costs money, a second check costs the person one of five. So a request that
 * changes something is repeated if the server certainly did not act on it (never reached, 429,
 * 503), and a POST also if its answer was lost: its idempotency key makes the server give the same
 * answer again. No other method has a key. A 500 is an answer, and what was done is not known.
 * A long 429 is thrown at once: its number must reach the person who waits.
 */
export class RetryPolicy {
  readonly firstDelay = 0.5;
  readonly longestDelay = 8;
  readonly longestRateLimit = 5;
  readonly longestRetryAfter = 60;

  constructor(readonly maxRetries = 2) {}

  /** Seconds to wait before the next try; undefined for no further try. */
  delay(method: string, error: WatchwordError, retries: number, jitter: number): number | undefined {
    if (retries >= this.maxRetries || !this.mayRetry(method, error)) return undefined;
    const asked = error instanceof APIError ? error.retryAfter : undefined;
    if (asked !== undefined && asked > 0 && asked <= this.longestRetryAfter) return asked;
    // A quarter of jitter, so that clients which failed together do not return together.
    return Math.min(this.firstDelay * 2 ** retries, this.longestDelay) * (1 - 0.25 * jitter);
  }

  /** Whether the same request may be sent again: it is safe, and it may help. */
  mayRetry(method: string, error: WatchwordError): boolean {
    if (error instanceof ConnectionFailed) {
      return method === "GET" || method === "POST" || !error.maybeProcessed;
    }
    if (!(error instanceof APIError) || !error.retryable) return false;
    const { httpStatus: status, code, retryAfter } = error;
    if (error instanceof RateLimited) {
      return retryAfter !== undefined && retryAfter <= this.longestRateLimit;
    }
    if (method === "POST" && [409, 502, 504].includes(status)) {
      // 409: the first try still runs. Else: without a code it is a proxy that speaks.
      return status === 409 || code === undefined;
    }
    return status === 503 || (method === "GET" && mayPass(code, status));
  }
}

/** Where the server is, who calls, and how patiently; `timeout` in milliseconds. */
export interface Settings {
  baseUrl: string;
  authorization: string;
  secrets: readonly string[];
  timeout: number;
  policy: RetryPolicy;
  idempotencyKey?: string | undefined;
}

/** What may be changed for single calls. */
export interface Options {
  /** How often a failed call is repeated, where that is safe. */
  maxRetries?: number | undefined;
  /** Milliseconds to wait for each answer. */
  timeout?: number | undefined;
  /** With a key of your own a call is executed once, even if your program dies and makes it again. */
  idempotencyKey?: string | undefined;
}

/** The same settings with what is given changed. */
export function changed(settings: Settings, options: Options): Settings {
  const { maxRetries, timeout = settings.timeout } = options;
  const { idempotencyKey = settings.idempotencyKey } = options;
  if (idempotencyKey !== undefined && !KEY.test(idempotencyKey)) {
    throw new TypeError("an idempotency key is 1 to 255 printable ASCII characters");
  }
  const policy = maxRetries === undefined ? settings.policy : new RetryPolicy(maxRetries);
  return { ...settings, policy, timeout, idempotencyKey };
}

/** What a client can be told about the server and the credentials. */
export interface Credentials {
  baseUrl?: string | undefined;
  devKey?: string | undefined;
  devSecret?: string | undefined;
  apiKey?: string | undefined;
}

/** The settings from what was passed and, for the rest, from the environment. */
export function configure(
  given: Credentials, environment: Record<string, string | undefined>, timeout: number,
  maxRetries: number,
): Settings {
  const { apiKey } = given;
  if (apiKey && (given.devKey || given.devSecret)) {
    throw new ConfigurationError("Pass apiKey, or devKey and devSecret, not both.");
  }
  const devKey = given.devKey || environment["WATCHWORD_DEV_KEY"];
  const devSecret = given.devSecret || environment["WATCHWORD_DEV_SECRET"];
  let authorization = `Bearer ${apiKey}`;
  let secrets = [apiKey ?? ""];
  if (!apiKey) {
    if (!devKey || !devSecret) {
      const wanted = { WATCHWORD_DEV_KEY: devKey, WATCHWORD_DEV_SECRET: devSecret };
      const missing = Object.entries(wanted).filter(([, value]) => !value).map(([name]) => name);
      throw new ConfigurationError(`There is no ${missing.join(" and ")}. ${HOW_TO_GET_A_KEY}`);
    }
    const pair = Buffer.from(`${devKey}:${devSecret}`).toString("base64");
    authorization = `Basic ${pair}`;
    secrets = [devSecret, pair];
  }
  if (![devKey ?? "", ...secrets].every((value) => /^[ -~]*$/.test(value))) {
    throw new ConfigurationError("A credential has a line break or a character no key has.");
  }
  const baseUrl = rootUrl(given.baseUrl || environment["WATCHWORD_URL"] || DEFAULT_URL);
  return { baseUrl, authorization, secrets, timeout, policy: new RetryPolicy(maxRetries) };
}

/** A base URL without a trailing slash and without /v1. */
export function rootUrl(given: string): string {
  let url: URL;
  try {
    url = new URL(given.trim());
  } catch {
    throw new ConfigurationError(`baseUrl must be like ${DEFAULT_URL}.`);
  }
  if (!/^https?:$/.test(url.protocol) || !url.hostname || url.port === "0") {
    throw new ConfigurationError(`baseUrl must be like ${DEFAULT_URL}.`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new ConfigurationError(
      "baseUrl is scheme, host and port: credentials go into devKey and devSecret.",
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "").replace(/\/+$/, "");
}

/** The HTTP request of a call; a POST carries the idempotency key. */
export function request(settings: Settings, call: Call, idempotencyKey: string): WireRequest {
  const headers: Record<string, string> = {
    Accept: "application/json, application/problem+json",
    Authorization: settings.authorization,
    "User-Agent": `watchword-node/${VERSION}`,
  };
  let body: string | undefined;
  if (call.method === "POST") headers["Idempotency-Key"] = settings.idempotencyKey ?? idempotencyKey;
  if (!["GET", "DELETE"].includes(call.method)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(write(call.takes, call.body ?? {}));
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value === undefined || value === null) continue;
    query.set(snake(name), value instanceof Date ? value.toISOString() : String(value));
  }
  const path = `${settings.baseUrl}${call.prefix ?? "/v1"}${call.path}`;
  return { method: call.method, url: `${query}` ? `${path}?${query}` : path, headers, body };
}

/** One call's life: one request, and what to do with everything that comes back.
 *
 * Every try sends the same bytes, hence the same idempotency key.
 */
export class Exchange {
  readonly request: WireRequest;
  private maybeProcessed = false;

  constructor(
    readonly settings: Settings, readonly call: Call, idempotencyKey: string,
    private readonly jitter: () => number, public retries = 0,
  ) {
    this.request = request(settings, call, idempotencyKey);
  }

  /** The result in an HTTP answer, or a retry; throws the error when it is final. */
  answered(status: number, retryAfter: string | null, content: string): unknown {
    const body = parsed(content);
    if (status >= 400) {
      const problem = isObject(body) ? body : {};
      const wait = readRetryAfter(retryAfter, problem["retry_after"]);
      const secrets = [...secretsOf(this.call), ...this.settings.secrets];
      const kind = errorClass(status);
      return this.failed(new kind(problem, { httpStatus: status, retryAfter: wait, secrets }));
    }
    if (status >= 200 && status < 300 && typeof body === "object" && body !== null) return body;
    throw new UnexpectedResponse(
      `HTTP ${status} to ${this.call.method} ${this.settings.baseUrl}/... is not the answer of a ` +
        "Watchword server. Check baseUrl.",
    );
  }

  /** A retry after an answer that is an error, or none; throws the error when it is final. */
  failed(error: WatchwordError): Retry {
    const { policy } = this.settings;
    const wait = policy.delay(this.call.method, error, this.retries, this.jitter());
    if (error instanceof ConnectionFailed) {
      // What one try may have done, no other undoes.
      this.maybeProcessed ||= error.maybeProcessed;
      error.maybeProcessed = this.maybeProcessed;
    }
    if (wait === undefined) throw error;
    this.retries += 1;
    return new Retry(wait);
  }
}

/** Seconds from the Retry-After header or else the body. */
export function readRetryAfter(header: string | null, member: unknown): number | undefined {
  for (const said of [header, member]) {
    if (said === null || said === undefined || said === "" || typeof said === "boolean") continue;
    const seconds = Number(said);
    if (seconds >= 0 && seconds < Infinity) return seconds;
  }
  return undefined;
}

/** What runs calls. */
export interface Runner {
  run(call: Call): Promise<unknown>;
  follow(call: Call): AsyncGenerator<unknown, void, undefined>;
}

const RUNNERS = new WeakMap<object, Runner>();

/** Let a client be used by what builds calls of its own. */
export function lend(client: object, runner: Runner): void {
  RUNNERS.set(client, runner);
}

/** The answer to a call as it came, through a client. */
export function send(client: object, call: Call): Promise<unknown> {
  const runner = RUNNERS.get(client);
  if (runner === undefined) throw new TypeError("client is not a Watchword of this package");
  return runner.run(call);
}

/** A group of operations and what runs them. */
export class Resource {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  protected async _run<T>(call: Call): Promise<T> {
    return read(call.gives, await this.#runner.run(call)) as T;
  }

  protected _list<T>(call: Call): Listing<T> {
    return new Listing<T>(this.#runner, call);
  }

  protected async *_follow<T>(call: Call): AsyncGenerator<T, void, undefined> {
    for await (const body of this.#runner.follow(call)) yield read(call.gives, body) as T;
  }
}

/** A list, read page by page as you iterate with `for await`; `limit` bounds all of it. */
export class Listing<T> implements AsyncIterable<T> {
  readonly #runner: Runner;
  readonly #call: Call;

  constructor(runner: Runner, call: Call) {
    const { limit } = (call.query ?? {}) as { limit?: number };
    if (limit !== undefined && !(limit >= 1)) {
      throw new RangeError(`limit must be at least 1, not ${limit}`);
    }
    this.#runner = runner;
    this.#call = call;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const asked = (this.#call.query ?? {}) as { limit?: number };
    let left = asked.limit;
    let cursor: unknown;
    do {
      const limit = left === undefined ? undefined : Math.min(left, LONGEST_PAGE);
      const call = { ...this.#call, query: { ...asked, limit, cursor } };
      const page = await this.#runner.run(call);
      const body = (Array.isArray(page) ? { data: page } : page) as Record<string, unknown>;
      if (!Array.isArray(body["data"])) throw new UnexpectedResponse("The answer is not a list.");
      const rows = body["data"].slice(0, left);
      for (const row of rows) yield read(this.#call.gives, row) as T;
      if (left !== undefined) left -= rows.length;
      const next = body["next_cursor"];
      if (next && next === cursor) throw new UnexpectedResponse("The server repeats its next_cursor.");
      cursor = next;
    } while (cursor && left !== 0);
  }

  /** All of it as an array. */
  async toArray(): Promise<T[]> {
    const all: T[] = [];
    for await (const each of this) all.push(each);
    return all;
  }
}

/** An id as one segment of a path. */
export function segment(value: string): string {
  if (typeof value !== "string" || /^\.*$/.test(value)) throw new TypeError("an id must not be empty");
  return encodeURIComponent(value);
}

const SECRET = /^(to|code|verify_code|alternates|authorization)$|secret|password|token|settings/;

/** What no error may repeat: the addresses, codes and secrets of a call. */
export function secretsOf(call: Call): string[] {
  const found: string[] = [];
  const gather = (value: unknown, secret: boolean): void => {
    if (typeof value === "string" && secret) found.push(value);
    else if (Array.isArray(value)) value.forEach((each) => gather(each, secret));
    else if (isObject(value)) {
      for (const [name, each] of Object.entries(value)) {
        gather(each, secret || SECRET.test(snake(name)));
      }
    }
  };
  gather(call.body, false);
  gather(call.query, false);
  return found.concat(call.secrets ?? []);
}

function parsed(content: string): unknown {
  try {
    return content ? JSON.parse(content) : undefined;
  } catch {
    return undefined;
  }
}
