/** A Watchword server in memory, so that your tests need no network.
 *
 *     const fake = new FakeServer();
 *     const client = new Watchword({ devKey: "test", devSecret: "test", fetch: fake.fetch });
 *     const message = await client.messages.send({ to: "+6591234567", templateId: "otp-sms" });
 *     await client.verifications.check({
 *       messageId: message.messageId, code: fake.codeFor("+6591234567"),
 *     });
 *
 * It keeps the rules a person notices (cool-down, five checks, expiry, one approval, one execution
 * for an idempotency key) and answers errors in the server's shape. Time moves only by `advance`.
 */

import type { Fetch, FetchAnswer } from "./client.js";

const CHECKS = 5;
const COOL_DOWN_SECONDS = 30;
const TTL_SECONDS = 300;
const IDEMPOTENCY_MEMORY = 86_400;
const START = Date.UTC(2026, 0, 1) / 1000;

const ERRORS = {
  "bad-field": [400, 3002, "fix_request"],
  "already-used": [409, 3003, "stop"],
  "idempotency-key-reused": [422, 3003, "fix_request"],
  ended: [410, 3003, "start_again"],
  "rate-limited": [429, 3004, "wait"],
  "unknown-id": [404, 4001, "fix_request"],
  "unknown-path": [404, 4001, "fix_request"],
} as const;

type Body = Record<string, any>;

interface Verification {
  messageId: string;
  to: string;
  templateId: string;
  code: string;
  channel: string;
  expiresAt: number;
  resendAfter: number;
  status: string;
  checksLeft: number;
}

interface Answer {
  status: number;
  content: string;
}

class Refused extends Error {
  constructor(readonly slug: keyof typeof ERRORS, message: string, readonly extra: Body = {}) {
    super(message);
  }

  answer(): Answer {
    const [status, code, nextAction] = ERRORS[this.slug];
    const body = {
      type: `urn:watchword:error:${this.slug}`,
      title: this.slug,
      status,
      code,
      message: this.message,
      retryable: status === 429,
      next_action: nextAction,
      ...this.extra,
    };
    return { status, content: JSON.stringify(body) };
  }
}

/** What a client can be given as `fetch`, with a server in it. */
export class FakeServer {
  #now = START;
  readonly #known: Verification[] = [];
  readonly #done = new Map<string, { at: number; body: string; answer: Answer }>();

  /** Pass it to the client. */
  readonly fetch: Fetch = async (url, init) => {
    const { pathname } = new URL(url);
    const body = init.body ?? "";
    const key = init.headers["Idempotency-Key"];
    if (key === undefined) return shown(this.#executed(init.method, pathname, body));
    const place = `${pathname} ${key}`;
    const done = this.#done.get(place);
    if (done !== undefined && this.#now - done.at <= IDEMPOTENCY_MEMORY) {
      if (done.body === body) return shown(done.answer);
      const reason = { reason: "idempotency_key_reused" };
      return shown(new Refused("idempotency-key-reused", "It was used before.", reason).answer());
    }
    const answer = this.#executed(init.method, pathname, body);
    if (answer.status !== 400 && answer.status !== 429) {
      this.#done.set(place, { at: this.#now, body, answer });
    }
    return shown(answer);
  };

  /** The code most recently sent to an address. */
  codeFor(to: string): string {
    const found = [...this.#known].reverse().find((each) => each.to === to);
    if (found === undefined) throw new RangeError("no code was sent to this address");
    return found.code;
  }

  /** Let time pass. */
  advance(seconds: number): void {
    this.#now += seconds;
  }

  #executed(method: string, pathname: string, content: string): Answer {
    const body = JSON.parse(content || "{}") as Body;
    try {
      const path = pathname.replace(/^\/v1/, "").replace(/^\/|\/$/g, "").split("/");
      return { status: 200, content: JSON.stringify(this.#route(method, path, body)) };
    } catch (refused) {
      if (refused instanceof Refused) return refused.answer();
      throw refused;
    }
  }

  #route(method: string, [resource, id, action]: string[], body: Body): unknown {
    switch (`${method} ${resource}${id === undefined ? "" : "/id"}${action ? `/${action}` : ""}`) {
      case "POST messages":
      case "POST codes":
        return this.#shown(this.#send(body));
      case "POST custom-messages":
        return this.#sendCustom(body);
      case "GET messages":
        return {
          data: this.#known.map((each) => this.#shown(this.#aged(each))).reverse(), next_cursor: null,
        };
      case "POST verifications":
        return this.#check(body);
      case "GET messages/id":
        return this.#shown(this.#find(id!));
      case "POST messages/id/resend":
        return this.#shown(this.#resend(this.#pending(id!)));
      case "POST messages/id/cancel": {
        const ended = this.#pending(id!);
        ended.status = "canceled";
        return this.#shown(ended);
      }
      case "GET healthz":
        return { status: "ok" };
      default:
        throw new Refused("unknown-path", "There is no such path.");
    }
  }

  #send(body: Body): Verification {
    const to = required(body, "to");
    const templateId = body["template"]?.id ?? required(body, "template_id");
    for (const each of this.#known) {
      if (each.to !== to || this.#aged(each).status !== "pending") continue;
      this.#resend(each);
      if (each.templateId === templateId && (body["code"] ?? each.code) === each.code) return each;
      each.status = "canceled";
    }
    const number = this.#known.length + 1;
    const made: Verification = {
      messageId: `ver_${number.toString(16).padStart(32, "0")}`,
      to,
      templateId,
      code: body["code"] ?? `${100_000 + number}`,
      channel: body["channel"] ?? (to.includes("@") ? "email" : "sms"),
      expiresAt: this.#now + (body["ttl"] ?? TTL_SECONDS),
      resendAfter: this.#now + COOL_DOWN_SECONDS,
      status: "pending",
      checksLeft: CHECKS,
    };
    this.#known.push(made);
    return made;
  }

  #sendCustom(body: Body): Body {
    const to: string | string[] = body["to"];
    const code = body["template"]?.params?.code;
    const many = Array.isArray(to) ? to : [to];
    const each = many.map((one) => ({ ...this.#shown(this.#send({ ...body, to: one, code })), to: one }));
    const { to: _to, ...first } = each[0]!;
    return Array.isArray(to) ? { ...first, messages: each } : first;
  }

  #resend(each: Verification): Verification {
    const wait = this.#wait(each);
    if (wait > 0) {
      const pending = { message_id: each.messageId, limit: "cooldown" };
      throw new Refused("rate-limited", "Too soon.", { retry_after: wait, ...pending });
    }
    each.resendAfter = this.#now + COOL_DOWN_SECONDS;
    return each;
  }

  #wait(each: Verification): number {
    return Math.ceil(each.resendAfter - this.#now);
  }

  #check(body: Body): Body {
    const each = this.#pending(required(body, "message_id"));
    const verified = required(body, "verify_code") === each.code;
    each.checksLeft -= 1;
    if (verified) each.status = "approved";
    else if (each.checksLeft === 0) each.status = "exhausted";
    return { ...this.#shown(each), verified };
  }

  #find(messageId: string): Verification {
    const found = this.#known.find((each) => each.messageId === messageId);
    if (found) return this.#aged(found);
    throw new Refused("unknown-id", "There is no such verification in this project.");
  }

  #aged(each: Verification): Verification {
    if (each.status === "pending" && this.#now >= each.expiresAt) each.status = "expired";
    return each;
  }

  #pending(messageId: string): Verification {
    const each = this.#find(messageId);
    if (each.status === "pending") return each;
    const slug = each.status === "approved" ? "already-used" : "ended";
    throw new Refused(slug, `The verification is ${each.status}.`, { reason: each.status });
  }

  #shown(each: Verification): Body {
    return {
      message_id: each.messageId,
      status: each.status,
      send_channel: each.channel,
      expires_at: new Date(each.expiresAt * 1000).toISOString(),
      resend_after: Math.max(0, this.#wait(each)),
      checks_left: each.status === "pending" ? each.checksLeft : 0,
      template_id: each.templateId,
      mode: "sandbox",
    };
  }
}

function required(body: Body, name: string): string {
  if (body[name] !== undefined && body[name] !== null) return body[name] as string;
  throw new Refused("bad-field", "A field is missing.", { field: name, rule: "required" });
}

function shown({ status, content }: Answer): FetchAnswer {
  const { retry_after: wait } = JSON.parse(content) as Body;
  const headers = new Map(wait === undefined ? [] : [["retry-after", `${wait}`]]);
  const get = (name: string): string | null => headers.get(name.toLowerCase()) ?? null;
  return { status, headers: { get }, body: null, text: async () => content };
}
