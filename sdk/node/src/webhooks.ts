/** Webhooks as they arrive: who sent them, when, and whether for the first time.
 *
 *     const event = webhooks.verify(body, request.headers, secret);
 *
 * The signatures are those of Standard Webhooks 1.0.0, or with a `username` EngageLab's.
 */

import { createHmac, timingSafeEqual } from "node:crypto";

import { ConfigurationError, WebhookRefused, WebhookReplayed } from "./errors.js";
import type { Event } from "./models.js";
import { read } from "./records.js";

export { WebhookRefused, WebhookReplayed };

export const TOLERANCE_SECONDS = 300;

/** The header of a request: Node's object, or a `Headers`. */
export type HeaderFields =
  | Record<string, string | string[] | undefined>
  | { get(name: string): string | null };

/** Ids of webhooks that were taken. It answers at once: for a store that cannot, use `verify` and
 * remember the id of the event yourself. */
export interface Memory {
  /** Remember an id for so many seconds, in one step; false if it is remembered already. */
  add(id: string, seconds: number): boolean;
  /** Forget it. */
  discard(id: string): void;
}

/** A callback in EngageLab's dialect: the rows as they stand on the wire. A ping has none. */
export interface Callback {
  total: number;
  rows: Array<Record<string, unknown>>;
}

/** How strictly webhooks are looked at. */
export interface VerifyOptions {
  /** By how many seconds the sender's clock may differ from yours. */
  tolerance?: number;
  /** Seconds since 1970. */
  now?: () => number;
}

/** The event in a webhook; `body` is the request's body as it came, not parsed.
 *
 * `secret` is the endpoint's, or several while you change over. With `username` the dialect is
 * EngageLab's, whose signature does not cover the body. Whether the webhook came before is not
 * looked at: `Webhook` does that.
 *
 * @throws WebhookRefused if it was not signed with the secret, or not just now.
 */
export function verify(
  body: string | Uint8Array, headers: HeaderFields, secret: string | readonly string[],
  options?: VerifyOptions & { username?: undefined },
): Event;
export function verify(
  body: string | Uint8Array, headers: HeaderFields, secret: string | readonly string[],
  options: VerifyOptions & { username: string },
): Callback;
export function verify(
  body: string | Uint8Array, headers: HeaderFields, secret: string | readonly string[],
  options: VerifyOptions & { username?: string | undefined } = {},
): Event | Callback {
  const { username, tolerance = TOLERANCE_SECONDS, now = () => Date.now() / 1000 } = options;
  const secrets = listed(secret);
  if (username !== undefined) return callback(body, headers, secrets, username, tolerance, now());
  return standard(body, headers, keysOf(secrets), tolerance, now());
}

/** A memory in this process, of the last `limit` ids. */
export class RecentIds implements Memory {
  readonly #until = new Map<string, number>();

  constructor(
    private readonly limit = 100_000, private readonly now = () => performance.now() / 1000,
  ) {}

  add(id: string, seconds: number): boolean {
    const now = this.now();
    for (const [old, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(old);
    }
    if (this.#until.has(id)) return false;
    this.#until.set(id, now + seconds);
    const [oldest] = this.#until.keys();
    if (this.#until.size > this.limit && oldest !== undefined) this.#until.delete(oldest);
    return true;
  }

  discard(id: string): void {
    this.#until.delete(id);
  }
}

/** Verifies the webhooks of one endpoint, each once.
 *
 * @throws ConfigurationError if the secret is none.
 */
export class Webhook {
  readonly #keys: Buffer[];
  readonly #memory: Memory;
  readonly #tolerance: number;
  readonly #now: () => number;

  constructor(
    secret: string | readonly string[], options: VerifyOptions & { memory?: Memory } = {},
  ) {
    this.#keys = keysOf(listed(secret));
    this.#memory = options.memory ?? new RecentIds();
    this.#tolerance = options.tolerance ?? TOLERANCE_SECONDS;
    this.#now = options.now ?? (() => Date.now() / 1000);
  }

  /** The event in a webhook; `body` is the request's body as it came, not parsed.
   *
   * @throws WebhookRefused if it was not signed with the secret, or not just now.
   * @throws WebhookReplayed if it was verified before. If you then failed to handle it, call
   *   `forget` before you answer with an error, so that the next try is taken.
   */
  verify(body: string | Uint8Array, headers: HeaderFields): Event {
    const event = standard(body, headers, this.#keys, this.#tolerance, this.#now());
    // Older ones are refused by their timestamp, so nothing has to be remembered for longer.
    if (!this.#memory.add(field(headers, "webhook-id"), 2 * this.#tolerance)) {
      throw new WebhookReplayed("The webhook was taken before.");
    }
    return event;
  }

  /** Let a webhook that could not be handled be taken once more. */
  forget(headers: HeaderFields): void {
    this.#memory.discard(field(headers, "webhook-id"));
  }
}

function standard(
  body: string | Uint8Array, headers: HeaderFields, keys: readonly Buffer[], tolerance: number,
  now: number,
): Event {
  const raw = Buffer.from(body as string);
  const id = field(headers, "webhook-id");
  const timestamp = field(headers, "webhook-timestamp");
  const signatures = field(headers, "webhook-signature").split(/\s+/);
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), raw]);
  const wanted = keys.map((key) => `v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  if (!wanted.some((one) => signatures.some((given) => same(one, given)))) {
    throw new WebhookRefused("No signature of the webhook was made with this secret.");
  }
  fresh(timestamp, tolerance, now);
  try {
    const event = JSON.parse(raw.toString("utf8")) as unknown;
    if (typeof (event as { type?: unknown }).type === "string") return read("WireEvent", event) as Event;
  } catch {
    // said below
  }
  throw new WebhookRefused("The webhook is signed, but it is no event.");
}

function callback(
  body: string | Uint8Array, headers: HeaderFields, secrets: readonly string[], username: string,
  tolerance: number, now: number,
): Callback {
  const parts = field(headers, "x-callback-id").split(";").map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
  });
  const said = new Map(parts);
  const timestamp = said.get("timestamp") ?? "";
  const content = `${timestamp}${said.get("nonce") ?? ""}${username}`;
  if (secrets.length === 0 || secrets.some((secret) => secret === "")) {
    throw new ConfigurationError("A webhook needs a secret.");
  }
  const wanted = secrets.map((secret) => createHmac("sha256", secret).update(content).digest("hex"));
  const given = said.get("signature") ?? "";
  if (said.get("username") !== username || !wanted.some((one) => same(one, given))) {
    throw new WebhookRefused("The callback was not signed with this secret and user name.");
  }
  fresh(timestamp, tolerance, now);
  try {
    const text = Buffer.from(body as string).toString("utf8");
    const said = JSON.parse(text || "{}") as Partial<Callback>;
    const { total = 0, rows = [] } = said;
    if (!Array.isArray(said) && Array.isArray(rows)) return { total, rows };
  } catch {
    // said below
  }
  throw new WebhookRefused("The callback is signed, but it has no rows.");
}

function fresh(timestamp: string, tolerance: number, now: number): void {
  if (!/^\d+$/.test(timestamp)) {
    throw new WebhookRefused("The webhook's timestamp is not a number.");
  }
  if (Math.abs(now - Number(timestamp)) > tolerance) {
    throw new WebhookRefused("The webhook is too old, or from the future.");
  }
}

function same(wanted: string, given: string): boolean {
  const [one, other] = [Buffer.from(wanted), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** An environment variable that is not set comes as undefined, whatever its type says. */
function listed(secret: string | readonly string[] | undefined): readonly string[] {
  return typeof secret === "string" ? [secret] : secret ?? [];
}

function keysOf(secrets: readonly string[]): Buffer[] {
  if (secrets.length === 0) throw new ConfigurationError("A webhook needs a secret.");
  return secrets.map((secret) => {
    const encoded = secret.trim().replace(/^whsec_/, "");
    const key = Buffer.from(encoded, "base64");
    if (key.length === 0 || key.toString("base64") !== encoded) {
      throw new ConfigurationError("A webhook's secret is `whsec_` and Base64.");
    }
    return key;
  });
}

function field(headers: HeaderFields, name: string): string {
  if (typeof headers.get === "function") {
    const found = headers.get(name);
    if (typeof found === "string" && found) return found;
  } else {
    for (const [given, value] of Object.entries(headers)) {
      const first = Array.isArray(value) ? value[0] : value;
      if (given.toLowerCase() === name && typeof first === "string" && first) return first;
    }
  }
  throw new WebhookRefused(`The webhook has no ${name}.`);
}
