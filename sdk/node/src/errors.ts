/** Everything the SDK throws on purpose.
 *
 *     WatchwordError
 *     ├── ConfigurationError     nothing was sent: says what to set and how to get it
 *     ├── ConnectionFailed       no answer; maybeProcessed says whether the server may have acted
 *     │   └── TimedOut           no answer in time
 *     ├── UnexpectedResponse     not an answer of Watchword: baseUrl may name another server
 *     ├── WebhookRefused         not signed with the secret, or not just now: answer 400
 *     │   └── WebhookReplayed    taken before: answer 200
 *     └── APIError               the server refused: code, httpStatus, retryAfter, nextAction ...
 *         ├── BadRequest         400, 422 and every 4xx not listed here: see extra.field
 *         ├── Authentication     401
 *         ├── PermissionDenied   403
 *         ├── NotFound           404
 *         ├── Conflict           409  already approved, or the name is taken
 *         ├── Gone               410  expired, exhausted, canceled or failed: see extra.reason
 *         ├── RateLimited        429  wait retryAfter seconds
 *         └── ServerError        5xx
 *
 * No error's text contains a code, a secret or a full address, whatever the server wrote.
 */

export const RETRYABLE_CODES: ReadonlySet<number> = new Set([1000, 5001, 5016]);
export const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const ADDRESS = /[^\s@<>"'*•]+@[^\s@<>"']+|\+\d[\d ().-]{4,18}\d/g;
const SHORTEST_SECRET = 4;
const MASK = "***";

/** The root of everything this SDK throws on purpose. */
export class WatchwordError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options as ErrorOptions);
    this.name = new.target.name;
  }
}

/** A setting is missing or wrong; nothing was sent. */
export class ConfigurationError extends WatchwordError {}

/** The server gave no answer. */
export class ConnectionFailed extends WatchwordError {
  /** False when the request certainly never reached the server. When true a message may have been
   * sent: read its state before you send again. */
  maybeProcessed: boolean;

  constructor(message: string, options: { maybeProcessed: boolean; cause?: unknown }) {
    super(message, options);
    this.maybeProcessed = options.maybeProcessed;
  }
}

/** The server gave no answer in time. */
export class TimedOut extends ConnectionFailed {}

/** The answer is not one a Watchword server gives; check baseUrl. */
export class UnexpectedResponse extends WatchwordError {}

/** The webhook is not to be trusted: answer 400. */
export class WebhookRefused extends WatchwordError {}

/** The webhook was taken before: answer 200, so that it is not sent again. */
export class WebhookReplayed extends WebhookRefused {}

/** How an error was answered. */
export interface Refusal {
  httpStatus: number;
  retryAfter?: number | undefined;
  secrets?: readonly string[];
}

/** The server refused the call. */
export class APIError extends WatchwordError {
  /** The error's number, such as 3004; undefined when a proxy answered for the server. */
  readonly code: number | undefined;
  readonly httpStatus: number;
  /** One sentence for a person: what exactly was refused. */
  readonly detail: string;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** Seconds until then, where that is known. */
  readonly retryAfter: number | undefined;
  /** The documentation of this error. */
  readonly docUrl: string | undefined;
  /** What a program should do: "wait", "fix_address", "start_again" ... */
  readonly nextAction: string | undefined;
  /** Give this to the operator. */
  readonly requestId: string | undefined;
  /** Further members of the answer: messageId, field, rule, reason, limit ... */
  readonly extra: Record<string, unknown>;

  constructor(body: Record<string, unknown>, { httpStatus, retryAfter, secrets = [] }: Refusal) {
    const {
      type: _type, status: _status, instance: _instance, retry_after: _wait,
      title, detail, message, code, retryable, doc_url, next_action, request_id, ...extra
    } = body;
    const number = Number.isInteger(code) ? (code as number) : undefined;
    const said = [message, detail, title].map((one) => scrub(text(one) ?? "", secrets));
    const kind = said.find((one) => one !== "") ?? "The call failed";
    const what = said[1] || kind;
    const action = text(next_action);
    const request = text(request_id);
    super(sentence(kind, what, number, httpStatus, retryAfter, action, request));
    this.code = number;
    this.httpStatus = httpStatus;
    this.detail = what;
    this.retryable = typeof retryable === "boolean" ? retryable : mayPass(number, httpStatus);
    this.retryAfter = retryAfter;
    this.docUrl = text(doc_url);
    this.nextAction = action;
    this.requestId = request;
    this.extra = camelled(extra);
  }
}

/** The request breaks a rule; `extra` names the field and the rule. */
export class BadRequest extends APIError {}

/** The credentials are wrong, expired or disabled. */
export class Authentication extends APIError {}

/** The key may not do this. */
export class PermissionDenied extends APIError {}

/** There is no such thing in this key's project. */
export class NotFound extends APIError {}

/** The verification is already approved, or the name is taken. */
export class Conflict extends APIError {}

/** The verification has ended; `extra.reason` says how. */
export class Gone extends APIError {}

/** Too soon or too often: tell the person to wait `retryAfter` seconds. */
export class RateLimited extends APIError {}

/** The server could not do it. */
export class ServerError extends APIError {}

const BY_STATUS: Record<number, typeof APIError> = {
  401: Authentication,
  403: PermissionDenied,
  404: NotFound,
  409: Conflict,
  410: Gone,
  429: RateLimited,
};

/** The class that stands for an HTTP status. */
export function errorClass(httpStatus: number): typeof APIError {
  return BY_STATUS[httpStatus] ?? (httpStatus >= 500 ? ServerError : BadRequest);
}

/** Whether an error of this number or status may pass, where the server does not say. */
export function mayPass(code: number | undefined, httpStatus: number): boolean {
  return (code !== undefined && RETRYABLE_CODES.has(code)) || RETRYABLE_STATUSES.has(httpStatus);
}

/** `text` without the given secrets and without anything that looks like a full address. */
export function scrub(text: string, secrets: readonly string[]): string {
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (secret.length >= SHORTEST_SECRET) {
      const literal = secret.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
      text = text.replace(new RegExp(literal, "gi"), MASK);
    }
  }
  return text.replace(ADDRESS, MASK);
}

/** `messageId` of `message_id`. */
export function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function camelled(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [camel(name), value]));
}

function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function sentence(
  kind: string, what: string, code: number | undefined, httpStatus: number,
  retryAfter: number | undefined, action: string | undefined, request: string | undefined,
): string {
  const facts = [
    code !== undefined && `code ${code}`,
    `HTTP ${httpStatus}`,
    retryAfter !== undefined && `retry after ${retryAfter} s`,
    action && `next: ${action}`,
    request && `request ${request}`,
  ].filter(Boolean);
  const said = new Set([kind, what].map((one) => one.replace(/\.+$/, "")));
  return `${[...said].join(": ")} (${facts.join(", ")})`;
}
