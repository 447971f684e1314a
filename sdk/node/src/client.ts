/** The client: it holds the connection, the clock and the dice; `protocol.ts` decides. */

import { randomUUID } from "node:crypto";

import { ConnectionFailed, TimedOut, WatchwordError } from "./errors.js";
import {
  Exchange, Retry, changed, configure, lend,
  type Call, type Credentials, type Options, type Runner, type Settings,
} from "./protocol.js";
import { read } from "./records.js";
import { Resources } from "./resources.js";

const SANDBOX = { devKey: "watchword_sandbox_demo", devSecret: "watchword_sandbox_secret" };
const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;
const RECONNECT_SECONDS = 1;
/** A stream says every 15 seconds that it is alive. */
const SILENCE = 45_000;
const NEVER_SENT = new Set([
  "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT", "CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** What is used of an answer to a fetch. */
export interface FetchAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
  text(): Promise<string>;
}

/** What is used of `fetch`; the global one is such. */
export type Fetch = (
  url: string,
  init: {
    method: string; headers: Record<string, string>; body?: string; redirect: "manual"; signal: any;
  },
) => Promise<FetchAnswer>;

/** How a client is made. */
export interface ClientOptions extends Credentials {
  /** Milliseconds to wait for each answer. */
  timeout?: number | undefined;
  /** How often a failed call is repeated, where that is safe. */
  maxRetries?: number | undefined;
  /** Instead of the global `fetch`, such as `new FakeServer().fetch`. */
  fetch?: Fetch | undefined;
  /** Waits so many seconds between two tries. */
  sleep?: (seconds: number) => Promise<void>;
  /** Draws from [0, 1) to spread them. */
  jitter?: () => number;
}

/** How the server is, in its own words. */
export interface Health {
  status: string;
  version?: string;
}

class Connection implements Runner {
  constructor(
    readonly settings: Settings, readonly fetch: Fetch,
    readonly sleep: (seconds: number) => Promise<void>, readonly jitter: () => number,
  ) {}

  async run(call: Call): Promise<unknown> {
    const exchange = new Exchange(this.settings, call, randomUUID().replaceAll("-", ""), this.jitter);
    for (;;) {
      const step = await this.try(exchange);
      if (!(step instanceof Retry)) return step;
      await this.sleep(step.after);
    }
  }

  private async try(exchange: Exchange): Promise<unknown> {
    const patience = new Patience(this.settings.timeout);
    let answer: FetchAnswer;
    let content: string;
    try {
      answer = await this.send(exchange, patience);
      content = await answer.text();
    } catch (cause) {
      return exchange.failed(this.translated(cause, patience));
    } finally {
      patience.end();
    }
    return exchange.answered(answer.status, answer.headers.get("retry-after"), content);
  }

  async *follow(call: Call): AsyncGenerator<unknown, void, undefined> {
    let retries = 0;
    let query = call.query ?? {};
    for (;;) {
      const exchange = new Exchange(this.settings, { ...call, query }, "", this.jitter, retries);
      const patience = new Patience(Math.max(this.settings.timeout, SILENCE));
      let step: unknown = new Retry(0);
      try {
        const answer = await this.send(exchange, patience);
        if (answer.status === 200) {
          for await (const line of lines(answer.body, patience)) {
            exchange.retries = 0;
            if (!line.startsWith("data: ")) continue;
            const event = JSON.parse(line.slice(6)) as { id: string };
            query = { ...query, lastEventId: event.id };
            yield event;
          }
        } else {
          const content = await answer.text();
          step = exchange.answered(answer.status, answer.headers.get("retry-after"), content);
        }
      } catch (cause) {
        if (cause instanceof WatchwordError) throw cause;
        step = exchange.failed(this.translated(cause, patience));
      } finally {
        patience.abort();
      }
      retries = exchange.retries;
      await this.sleep((step instanceof Retry && step.after) || RECONNECT_SECONDS);
    }
  }

  private send(exchange: Exchange, patience: Patience): Promise<FetchAnswer> {
    const { method, url, headers, body } = exchange.request;
    const content = body === undefined ? {} : { body };
    const { signal } = patience;
    return this.fetch(url, { method, headers, ...content, redirect: "manual", signal });
  }

  private translated(cause: unknown, patience: Patience): ConnectionFailed {
    const { baseUrl, timeout } = this.settings;
    if (patience.isOver) {
      const text = `No answer from ${baseUrl} within ${timeout / 1000} s.`;
      return new TimedOut(text, { maybeProcessed: true, cause });
    }
    const code = codeOf(cause);
    return new ConnectionFailed(
      `No answer from ${baseUrl} (${code ?? "the connection failed"}). Is watchword-server running there?`,
      { maybeProcessed: code === undefined || !NEVER_SENT.has(code), cause },
    );
  }
}

/** For how long an answer is waited for. */
class Patience {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  isOver = false;

  constructor(private readonly milliseconds: number) {
    this.renew();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  renew(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.isOver = true;
      this.controller.abort();
    }, this.milliseconds);
  }

  end(): void {
    clearTimeout(this.timer);
  }

  abort(): void {
    this.end();
    this.controller.abort();
  }
}

async function* lines(body: unknown, patience: Patience): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    patience.renew();
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) yield piece.replace(/\r$/, "");
  }
}

function codeOf(cause: unknown): string | undefined {
  const seen = cause as { code?: unknown; cause?: unknown; errors?: unknown[] } | undefined;
  if (typeof seen?.code === "string") return seen.code;
  const inner = seen?.cause ?? seen?.errors?.[0];
  return inner === undefined ? undefined : codeOf(inner);
}

function pause(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}

/** A client of a Watchword server.
 *
 * With nothing passed it reads WATCHWORD_URL, WATCHWORD_DEV_KEY and WATCHWORD_DEV_SECRET.
 *
 * @throws ConfigurationError if there are no credentials, or no usable baseUrl.
 */
export class Watchword extends Resources {
  readonly #connection: Connection;

  constructor(options: ClientOptions = {}, connection?: unknown) {
    const { timeout = 10_000, maxRetries = 2 } = options;
    const used = connection instanceof Connection ? connection : new Connection(
      configure(options, process.env, timeout, maxRetries),
      options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
      options.sleep ?? pause,
      options.jitter ?? Math.random,
    );
    super(used);
    this.#connection = used;
    lend(this, used);
  }

  /** A client with the public keys of the sandbox, which need no signing up.
   *
   * `options` are those of the client itself, or the server's URL. */
  static inSandbox(
    options: string | Omit<ClientOptions, "devKey" | "devSecret" | "apiKey"> = {},
  ): Watchword {
    const given = typeof options === "string" ? { baseUrl: options } : options;
    return new Watchword({ ...given, ...SANDBOX });
  }

  /** Whether the server is up, and its version; the credentials do not matter. */
  async health(): Promise<Health> {
    const call: Call = { method: "GET", path: "/healthz", prefix: "", gives: "Health" };
    return read("Health", await this.#connection.run(call)) as Health;
  }

  /** The same client with other options. */
  withOptions(options: Options): Watchword {
    const { settings, fetch, sleep, jitter } = this.#connection;
    return new Watchword({}, new Connection(changed(settings, options), fetch, sleep, jitter));
  }

  /** The server, never the credentials. */
  override toString(): string {
    return `Watchword(${this.#connection.settings.baseUrl})`;
  }

  /** What Node prints. */
  [INSPECT](): string {
    return this.toString();
  }
}
