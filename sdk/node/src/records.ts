/** Records as the wire says them and as programs do: names, times, and what is not printed. */

import { UnexpectedResponse, camel } from "./errors.js";
import { SHAPES } from "./models.js";

/** What is not shown when a record is printed: it may be a code, a secret or an address. */
const HIDDEN = /^(to|code|verify_?code|text|html|bearer|authorization|verification_?url|raw)$|secret|password|token$/i;
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** A record in an answer: members in camelCase, times as Date, the wire's own object in `raw`. */
export function read(shape: string, wire: unknown): unknown {
  if (!isObject(wire)) throw new UnexpectedResponse("The answer is not an object. Check baseUrl.");
  const shapes = SHAPES[shape] ?? {};
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(wire)) {
    record[camel(name)] = convert(shapes[name], value, (inner, each) =>
      inner === "Date" ? instant(each) : isObject(each) ? read(inner, each) : each,
    );
  }
  const shown = () =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !HIDDEN.test(name)));
  // A member of the wire may itself be called raw: the codes of vendors are.
  if (!("raw" in record)) Object.defineProperty(record, "raw", { value: wire });
  Object.defineProperty(record, INSPECT, { value: shown });
  return record;
}

/** A record as the wire says it; what is undefined is left out. */
export function write(shape: string | undefined, record: object): Record<string, unknown> {
  const shapes = SHAPES[shape ?? ""] ?? {};
  const wire: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) {
    const said = snake(name);
    if (value !== undefined) {
      wire[said] = convert(shapes[said], value, (inner, each) =>
        inner !== "Date" && isObject(each) ? write(inner, each) : each,
      );
    }
  }
  return wire;
}

function convert(
  shape: string | undefined, value: unknown, one: (inner: string, each: unknown) => unknown,
): unknown {
  if (shape === undefined || value === null || value === undefined) return value;
  const inner = shape.slice(0, -2);
  if (shape.endsWith("[]") && Array.isArray(value)) {
    return value.map((each: unknown) => convert(inner, each, one));
  }
  if (shape.endsWith("{}") && isObject(value)) {
    const entries = Object.entries(value).map(([key, each]) => [key, convert(inner, each, one)]);
    return Object.fromEntries(entries);
  }
  return one(shape, value);
}

function instant(value: unknown): Date | undefined {
  const when = typeof value === "string" ? new Date(value) : undefined;
  return when && !Number.isNaN(when.getTime()) ? when : undefined;
}

/** `message_id` of `messageId`. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Whether it is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
