/** Tools for a model: definitions for its vendor, and what to do when it calls one.
 *
 *     const definitions = agent.tools("openai");
 *     const result = await agent.dispatch(call.name, call.arguments, { client });
 *
 * No result has a place for a code: it holds the fields that the tool's schema names, and no
 * other. What goes wrong is a result as well, for the model to act on: `error`, `next_action`.
 * Names are those of the wire, for the model reads them in the schemas.
 */

import { Watchword } from "./client.js";
import { APIError, ConfigurationError, ConnectionFailed, WatchwordError, scrub } from "./errors.js";
import { segment, send } from "./protocol.js";
import { DEFINITIONS, type Tool } from "./tools.js";

/** A vendor's form of definitions; `openai` is that of the Responses API. */
export type Format = "openai" | "openai-chat" | "anthropic" | "gemini" | "mcp";

/** What a model may be told. */
export type Result = Record<string, unknown>;

/** What an offer is made of. */
export interface Offer {
  /** With `verify_otp`, by which the model sees codes. Without it a person types the code on the
   * page of the server. */
  verify?: boolean;
}

type Schema = { properties?: Record<string, Schema>; items?: Schema; type?: string | string[] };

const PRECEDENCE = ["code", "retry_after", "message_id", "doc_url"] as const;

/** The model's call is none; its text says why. */
class Wrong extends WatchwordError {}

/** The definitions to hand to a model, in a vendor's own form. */
export function tools(format: Format = "openai", { verify = false }: Offer = {}): Result[] {
  const envelopes: Record<string, unknown> = DEFINITIONS.envelopes;
  const envelope = Object.hasOwn(envelopes, format) ? envelopes[format] : undefined;
  if (envelope === undefined) {
    throw new TypeError(`format is one of ${Object.keys(envelopes).join(", ")}, not ${format}`);
  }
  return [...offered(verify).values()].map((tool) => filled(envelope, tool) as Result);
}

/** Do what a model called for; what it may be told of the outcome.
 *
 * `args` is an object, or its JSON as some vendors give it. Without a `client` one is made from
 * the environment.
 *
 * @throws ConfigurationError if there is no client, and none can be made from the environment.
 */
export async function dispatch(
  name: string, args: object | string | null | undefined,
  { client = new Watchword(), verify = false }: Offer & { client?: Watchword } = {},
): Promise<Result> {
  try {
    return await called(name, args, client, verify);
  } catch (error) {
    if (error instanceof WatchwordError && !(error instanceof ConfigurationError)) return told(error);
    throw error;
  }
}

async function called(
  name: string, args: object | string | null | undefined, client: Watchword, verify: boolean,
): Promise<Result> {
  const tool = offered(verify).get(name);
  if (tool === undefined) {
    const names = [...offered(verify).keys()].join(", ");
    throw new Wrong(`There is no tool of this name; there are ${names}.`);
  }
  const properties = tool.parameters.properties as Record<string, Schema>;
  const given = checked(properties, args);
  if ("template_id" in properties && given["template_id"] === undefined) {
    given["template_id"] = given["to"]?.includes("@") ? "otp-email" : "otp-sms";
  }
  let answer: Result = {};
  for (const { method, path, body: fields } of tool.calls) {
    const messageId = answer["message_id"] ?? given["message_id"];
    const known = Object.entries(fields).map(([field, from]) => [field, given[from]] as const);
    answer = (await send(client, {
      method,
      path: path.replace("/v1", "").replace("{message_id}", () => segment(messageId as string)),
      body: Object.fromEntries(known),
      secrets: [given["to"], given["code"]].filter((one) => one !== undefined),
      gives: "",
    })) as Result;
  }
  return shown(tool.output, answer) as Result;
}

/** The arguments that say something; those that are null are as good as left out. */
function checked(
  properties: Record<string, Schema>, args: object | string | null | undefined,
): Record<string, string> {
  const given = parsed(args);
  if (Object.keys(given).some((name) => !Object.hasOwn(properties, name))) {
    const names = Object.keys(properties).join(", ") || "none";
    throw new Wrong(`The arguments are ${names}, and no others.`);
  }
  const found: Record<string, string> = {};
  for (const [name, { type }] of Object.entries(properties)) {
    const allowed = [type].flat();
    const value = given[name] ?? null;
    if (!allowed.includes(value === null ? "null" : typeof value)) {
      throw new Wrong(`${name} is required: a ${allowed[0]}.`);
    }
    if (name === "message_id" && /^\.*$/.test(String(value))) throw new Wrong("message_id is empty.");
    if (value !== null) found[name] = value as string;
  }
  return found;
}

function parsed(args: object | string | null | undefined): Result {
  let given: unknown;
  try {
    given = typeof args === "string" ? JSON.parse(args || "{}") : args ?? {};
  } catch {
    throw new Wrong("The arguments are not JSON.");
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new Wrong("The arguments are an object.");
  }
  return given as Result;
}

/** What a schema names of an answer, and nothing else. */
function shown(schema: Schema, answer: unknown): unknown {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return answer;
  if (Array.isArray(answer)) {
    const [name, inner] = properties[0]!;
    return { [name]: answer.map((row) => shown(inner.items ?? {}, row)) };
  }
  const members = (answer ?? {}) as Result;
  return Object.fromEntries(
    properties.map(([name, inner]) => [name, shown(inner, members[name] ?? null)]),
  );
}

/** An error as a result: what happened, and what to do about it. */
function told(error: WatchwordError): Result {
  if (error instanceof APIError) {
    const more = {
      code: error.code, retry_after: error.retryAfter, doc_url: error.docUrl,
      message_id: error.extra["messageId"],
    };
    const known = PRECEDENCE.filter((name) => more[name] !== undefined && more[name] !== null);
    const facts = Object.fromEntries(known.map((name) => [name, more[name]]));
    return { error: error.detail, next_action: error.nextAction ?? "stop", ...facts };
  }
  if (error instanceof Wrong) return { error: scrub(error.message, []), next_action: "fix_request" };
  if (error instanceof ConnectionFailed && error.maybeProcessed) {
    const why = "The server gave no answer; a message may have been sent.";
    return { error: why, next_action: "stop" };
  }
  return { error: "The server could not be reached.", next_action: "retry" };
}

/** The tools by name: those that need no permission of their own, unless it is given. */
function offered(verify: boolean): Map<string, Tool> {
  const found = DEFINITIONS.tools.filter((tool) => verify || tool.permission === null);
  return new Map(found.map((tool) => [tool.name, tool]));
}

function filled(envelope: unknown, tool: Tool): unknown {
  if (typeof envelope === "string" && envelope.startsWith("$")) {
    return structuredClone(tool[envelope.slice(1)]);
  }
  if (typeof envelope !== "object" || envelope === null) return envelope;
  const members = Object.entries(envelope).map(([name, value]) => [name, filled(value, tool)]);
  return Object.fromEntries(members);
}
