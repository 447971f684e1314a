/** Watchword: verify a phone number or an email address through a Watchword server.
 *
 *     import { Watchword } from "watchword";
 *
 *     const client = new Watchword();
 *     const message = await client.messages.send({ to: "+6591234567", templateId: "otp-sms" });
 *     const { messageId } = message;
 *     const result = await client.verifications.check({ messageId, code: typedByTheUser });
 */

export { Watchword, type ClientOptions, type Fetch, type FetchAnswer, type Health } from "./client.js";
export {
  APIError, Authentication, BadRequest, ConfigurationError, Conflict, ConnectionFailed, Gone,
  NotFound, PermissionDenied, RateLimited, ServerError, TimedOut, UnexpectedResponse,
  WatchwordError, WebhookRefused, WebhookReplayed,
} from "./errors.js";
export type * from "./models.js";
export { type Listing, type Options, VERSION } from "./protocol.js";
export { OPERATIONS } from "./resources.js";
export * as agent from "./agent.js";
export * as webhooks from "./webhooks.js";
