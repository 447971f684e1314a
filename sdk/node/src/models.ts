// Written by scripts/node_sdk.py from spec/openapi.json: `make openapi` writes it anew.

/** An address that is to get no messages. */
export interface AddOptOut {
  /** The recipient: a phone number in E.164 form (`+` and the country code first), or an email
   * address. */
  to: string;
  /** Over which channels; unset: over any that reaches it. */
  channels?: Channel[] | undefined;
}

/** What the address gets no messages over, from now on. */
export interface AddedOptOuts {
  /** One for each channel. */
  data: OptOut[];
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** Other addresses of the same person, for the later steps of a route. */
export interface Alternates {
  /** An email address; the verification then carries the weaker assurance. */
  email: string;
}

/** A key, without its secret. */
export interface ApiKey {
  /** The public half of the key, and its id. */
  devKey: string;
  /** A name for people. */
  name: string;
  /** What it may do. */
  scopes: Scope[];
  /** The project it belongs to. */
  projectId: string;
  /** Whether it is refused. */
  disabled: boolean;
  /** Where it works from; everywhere when empty. */
  allowedIps: string[];
  /** Null: never. */
  expiresAt: Date | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
}

/** A yes. */
export interface ApproveTemplate {
  /** For the audit. */
  remark?: string | undefined;
  /** Unset, the newest. */
  version?: number | undefined;
}

/** What an approval proves (NIST SP 800-63B-4 sections 3.1.3.1 and 3.1.3.3). */
export type Assurance = "address_confirmation" | "oob" | "restricted" | (string & {});

/** What the code authorises (PSD2 dynamic linking): it verifies for nothing else. */
export interface Binding {
  /** The amount with its currency, as it is shown to the payer. */
  amount: string;
  /** Who is paid. */
  payee: string;
}

/** A verification that was taken back. */
export interface CanceledMessage {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** Where the verification is. */
  status: Status;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** What a message is for; the word is the wire's `custom_sub_type`. */
export type Category = "authentication" | "marketing" | "utility" | (string & {});

/** What changes about a template; what is left out stays. */
export interface ChangeTemplate {
  /** What it is for. */
  description?: string | undefined;
  /** Channels in the order they are tried, with `|` between them. */
  sendChannelStrategy?: string | undefined;
  /** A saved route, instead of `send_channel_strategy`. */
  route?: string | undefined;
  /** Who sends, in 2 to 10 characters; empty, messages say Watchword. */
  brandName?: string | undefined;
  /** Null where the server makes no code for it. */
  verifyCodeConfig?: VerifyCodeConfig | null | undefined;
  /** What WhatsApp says. */
  whatsappConfig?: WhatsappConfig | null | undefined;
  /** What an SMS says. */
  smsConfig?: SmsConfig | null | undefined;
  /** What a call says. */
  voiceConfig?: VoiceConfig | null | undefined;
  /** What an email says. */
  emailConfig?: EmailConfig | null | undefined;
  /** Kept for you, and not used. */
  pwaConfig?: PwaConfig | null | undefined;
  /** Your own words by channel and language, for channels without a configuration of their own. */
  contents?: Record<string, Record<string, ContentBody>> | undefined;
}

/** A way of reaching an address; the value is the word used on the wire. */
export type Channel = "email" | "rcs" | "silent" | "sms" | "telegram" | "viber" | "voice" | "whatsapp" | (string & {});

/** What became of one submitted code. */
export interface CheckResult {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** Whether it was the right code. A wrong one is no error. */
  verified: boolean;
  /** Where the verification is. */
  status: Status;
  /** How many more codes will be looked at; 0 once the verification has ended. */
  checksLeft: number;
  /** What the approval proves (NIST SP 800-63B-4). */
  assurance: Assurance;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** A route to be looked at: its `steps`, its `short_form`, or the `route_id` of a saved one. */
export interface CheckRoute {
  /** A saved route. */
  routeId?: string | undefined;
  /** The steps in the order they are tried; or give `short_form`. */
  steps?: StepBody[] | undefined;
  /** Channels in the order they are tried, with `|` between them, each perhaps with its wait and
   * until in parentheses. */
  shortForm?: string | undefined;
  /** Whether this template has words for each step. */
  templateId?: string | undefined;
  /** Which steps this recipient would get; nothing is sent. */
  to?: string | undefined;
  /** Other addresses of the same person. */
  alternates?: Alternates | undefined;
}

/** A code to be checked. */
export interface CheckVerification {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** The code, as the person typed it; spaces and hyphens do not count. */
  verifyCode: string;
  /** The payment, where the code was sent for one. */
  binding?: Binding | null | undefined;
}

/** What becomes of a step for the recipient. */
export interface ChosenStep {
  /** Its place, counted from 0. */
  step: number;
  /** How it is sent. */
  channel: Channel;
  /** Whether the recipient gets it, if it is its turn. */
  taken: boolean;
  /** Why not: `unreachable` (the channel cannot reach this kind of address), `condition`,
   * `no_content` (of the template), `no_provider_account` or `repeated` (the same channel and
   * accounts as a step before). */
  leftOut: LeftOut | null;
}

/** What one channel says in one language. */
export interface Content {
  /** Variables stand in double braces. */
  text: string;
  /** An email's subject. */
  subject: string | null;
  /** An email's HTML. */
  html: string | null;
}

/** What one channel says in one language. */
export interface ContentBody {
  /** Variables stand in double braces. */
  text: string;
  /** An email's subject. */
  subject?: string | null | undefined;
  /** An email's HTML. */
  html?: string | null | undefined;
}

/** What one message costs. */
export interface Cost {
  /** A decimal number. */
  amount: string;
  /** ISO 4217. */
  currency: string;
}

/** A key to be made. */
export interface CreateApiKey {
  /** A name for people. */
  name: string;
  /** What the key may do; when left out, what yours may within the project. */
  scopes?: Scope[] | null | undefined;
  /** Seconds until it stops working; never when left out. */
  expiresIn?: number | null | undefined;
  /** Networks the key works from; an empty list allows all. */
  allowedIps?: string[] | null | undefined;
  /** The project it belongs to instead of yours; needs `server:admin`. */
  project?: string | null | undefined;
}

/** A project to be made. */
export interface CreateProject {
  /** A name for people. */
  name: string;
  /** Only a live project lets messages leave the server. */
  mode?: Mode | undefined;
}

/** An account to be made. */
export interface CreateProvider {
  /** Its name, by which routes and deliveries know it: unique in the project, and never changed. */
  name: string;
  /** The vendor: a `name` of `GET /v1/provider-types`. */
  provider: string;
  /** What the vendor declares in `GET /v1/provider-types`. Numbers and booleans may be written as
   * text. */
  settings?: Record<string, unknown> | undefined;
  /** Its share of the messages among the healthy accounts that carry a channel; with 0 it is used
   * only when no other is left. */
  weight?: number | undefined;
  /** True where no message may go to it. */
  disabled?: boolean | undefined;
}

/** A template to be reviewed. */
export interface CreateTemplate {
  /** What it is for. */
  description?: string | undefined;
  /** Channels in the order they are tried, with `|` between them. */
  sendChannelStrategy?: string | undefined;
  /** A saved route, instead of `send_channel_strategy`. */
  route?: string | undefined;
  /** Who sends, in 2 to 10 characters; empty, messages say Watchword. */
  brandName?: string | undefined;
  /** Null where the server makes no code for it. */
  verifyCodeConfig?: VerifyCodeConfig | null | undefined;
  /** What WhatsApp says. */
  whatsappConfig?: WhatsappConfig | null | undefined;
  /** What an SMS says. */
  smsConfig?: SmsConfig | null | undefined;
  /** What a call says. */
  voiceConfig?: VoiceConfig | null | undefined;
  /** What an email says. */
  emailConfig?: EmailConfig | null | undefined;
  /** Kept for you, and not used. */
  pwaConfig?: PwaConfig | null | undefined;
  /** Your own words by channel and language, for channels without a configuration of their own. */
  contents?: Record<string, Record<string, ContentBody>> | undefined;
  /** The id of an approved template. */
  templateId: string;
}

/** An endpoint to be made. */
export interface CreateWebhookEndpoint {
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url: string;
  /** Words for people. */
  description?: string | undefined;
  /** The types it gets, or families such as `delivery.*`; all where empty. */
  eventTypes?: string[] | undefined;
  /** `standard` is Standard Webhooks 1.0.0; `engagelab` is the envelope of EngageLab's callbacks,
   * with the full recipient. */
  dialect?: Dialect | undefined;
  /** Your own secret; of the standard dialect `whsec_` and the base64 of 24 to 64 bytes. One is
   * made where it is left out. */
  secret?: string | null | undefined;
  /** Dialect engagelab: the name in X-CALLBACK-ID. */
  username?: string | null | undefined;
  /** Dialect engagelab: sent as the Authorization header; empty for none. */
  authorization?: string | null | undefined;
}

/** A new endpoint with its secret, and how it answered a ping: it is kept either way. */
export interface CreatedWebhookEndpoint {
  /** The id of the endpoint. */
  endpointId: string;
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url: string;
  /** Words for people. */
  description: string;
  /** The types it gets, or families such as `delivery.*`; all where empty. */
  eventTypes: string[];
  /** How its webhooks are written. */
  dialect: Dialect;
  /** Whether it has answered a post with 2xx. */
  verified: boolean;
  /** Whether nothing is posted. */
  disabled: boolean;
  /** `requested`, `gone` (it answered 410) or `failing` (nothing but failures for five days). */
  disabledReason: Disabled | null;
  /** Its first failure after the last success. */
  failingSince: Date | null;
  /** Until when it asked to be left alone. */
  pausedUntil: Date | null;
  /** Until when an older secret signs as well. */
  previousSecretUntil: Date | null;
  /** Dialect engagelab only: the name in X-CALLBACK-ID. */
  username: string | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
  /** What verifies its webhooks. Keep it now. */
  secret: string;
  /** How it answered. */
  ping: Ping;
}

/** Your own words of an SMS. */
export interface CustomConfig {
  /** What it is for. `authentication` must contain `{{code}}`. */
  customSubType?: Category;
  /** The text. Variables stand in double braces. */
  customContent: string;
  /** Where it will be sent, for the reviewer. */
  customCountryCodes?: string;
}

/** The data of an event. Closed on purpose: a field that is not here cannot leak. Attributes: by:
 * the id of the API key that did it, or `operator`. changed: the names of the fields that were
 * changed, with spaces between them. agent: what an agent called itself, and `run_id` its run,
 * when it did it by MCP. sender: who wrote a message, masked; `said` is what, without what may be
 * a code or a number. */
export interface Data {
  /** The recipient, masked; of a person's message your number or account. */
  to?: string | null;
  /** The channel, such as `sms`. */
  channel?: "sms" | "whatsapp" | "email" | "voice" | "silent" | "rcs" | "telegram" | "viber" | null;
  /** Who carried the message. */
  provider?: string | null;
  /** The delivery. */
  deliveryId?: string | null;
  /** The step of the route, from 0. */
  step?: number | null;
  /** Why, as a word of a closed list. */
  reason?: string | null;
  /** The vendor's own code for it. */
  raw?: string | null;
  /** Codes looked at so far. */
  checks?: number | null;
  /** Codes that will still be looked at. */
  checksLeft?: number | null;
  /** Whether an earlier hand-over may have arrived as well. */
  maybeDuplicate?: boolean | null;
  /** What the approval proves. */
  assurance?: "restricted" | "oob" | "address_confirmation" | null;
  /** Who did it: the id of an API key, or `operator`. */
  by?: string | null;
  /** The names of the fields that were changed, with spaces between them. */
  changed?: string | null;
  /** What the agent calls itself that did it by MCP; it proves nothing. */
  agent?: string | null;
  /** The run that it says it did it in. */
  runId?: string | null;
  /** Who wrote, masked. */
  sender?: string | null;
  /** What they wrote, without codes and numbers: runs of four digits and more are `***`. */
  said?: string | null;
  /** Whether they want no more messages (`out`) or again some (`in`). */
  choice?: "out" | "in" | null;
  /** The approved share of the verifications of the hour, in percent. */
  conversion?: number | null;
  /** The same of the day before that hour. */
  usual?: number | null;
  /** How many verifications began in the hour. */
  started?: number | null;
  /** What is left, as the vendor writes it. */
  balance?: string | null;
  /** The project's `low_balance`. */
  threshold?: string | null;
  /** What the day's messages cost so far. */
  spent?: string | null;
  /** The project's `daily_budget`. */
  budget?: string | null;
  /** Of the amounts: ISO 4217. */
  currency?: string | null;
  /** The day in UTC, such as `2026-03-01`. */
  day?: string | null;
}

/** What the server's own words include. */
export interface DefaultConfig {
  /** The warning not to share the code. */
  containSecurity?: boolean;
  /** How long the code is good for. */
  containExpire?: boolean;
}

/** A key that is gone. */
export interface DeletedApiKey {
  /** Always true. */
  deleted: true;
  /** The public half of the key, and its id. */
  devKey: string;
}

/** A project that is gone, with everything in it. */
export interface DeletedProject {
  /** Always true. */
  deleted: true;
  /** The project's id. */
  projectId: string;
}

/** An account that is gone. */
export interface DeletedProvider {
  /** Always true. */
  deleted: true;
  /** The id of the account. */
  providerId: string;
}

/** A route that is gone. */
export interface DeletedRoute {
  /** Always true. */
  deleted: true;
  /** The id of a saved route; `check` and the words for channels are none. */
  routeId: string;
}

/** An endpoint that is gone, with its deliveries. */
export interface DeletedWebhookEndpoint {
  /** Always true. */
  deleted: true;
  /** The id of the endpoint. */
  endpointId: string;
}

/** One message handed over to one provider. */
export interface Delivery {
  /** The id of the delivery. */
  deliveryId: string;
  /** How it was sent. */
  channel: Channel;
  /** Who carried it. */
  provider: string;
  /** Its step of the route, from 0. */
  step: number;
  /** What became of it. */
  status: DeliveryStatus;
  /** Why it did not arrive; null otherwise. */
  reason: Reason | null;
  /** An earlier hand-over may have arrived as well. */
  maybeDuplicate: boolean;
  /** What its provider said later, as it came. */
  reports: Report[];
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
}

/** Where a delivery is. */
export type DeliveryStatus = "delivered" | "failed" | "queued" | "sent" | "undelivered" | "unknown" | (string & {});

/** How an endpoint is written to. */
export type Dialect = "engagelab" | "standard" | (string & {});

/** Why an endpoint is disabled: by somebody, by its own 410, or after five days of failures. */
export type Disabled = "failing" | "gone" | "requested" | (string & {});

/** What an email says. */
export interface EmailConfig {
  /** A name for people. */
  templateName: string;
  /** One entry for each language. */
  templateCustomConfigs: EmailContent[];
}

/** An email in one language. */
export interface EmailContent {
  /** `default`, `zh_CN`, `zh_HK`, `en`, `ja`, `th`, `es` or any other language tag. */
  language: string;
  /** The sender's name. */
  preFromName?: string;
  /** Kept for you, and not used: mail comes from the address of the server's mail account. */
  preFromMail: string;
  /** The subject. */
  preSubject: string;
  /** Text or HTML. Variables stand in double braces. */
  templateContent: string;
  /** Values of variables that a call does not give. */
  preParamMap?: Record<string, string>;
}

/** An email without its words. */
export interface EmailSummary {
  /** A name for people. */
  templateName: string;
}

/** The alphabet an SMS is sent in. */
export type Encoding = "gsm7" | "ucs2" | (string & {});

/** How a hand-over by hand ended. */
export type Ended = "accepted" | "rejected" | "unavailable" | "uncertain" | (string & {});

/** Something that happened. */
export interface Event {
  /** What happened, in the past tense. */
  type: EventType;
  /** Its id: the same in every webhook, stream and list. */
  id: string;
  /** When it happened: RFC 3339, UTC. */
  timestamp: Date;
  /** The project it happened in. */
  projectId: string;
  /** What it is about, and what is known about it. */
  data: EventData;
}

/** The data of an event with what it is about; one of the five ids is there. */
export interface EventData {
  /** The recipient, masked; of a person's message your number or account. */
  to?: string | null;
  /** The channel, such as `sms`. */
  channel?: "sms" | "whatsapp" | "email" | "voice" | "silent" | "rcs" | "telegram" | "viber" | null;
  /** Who carried the message. */
  provider?: string | null;
  /** The delivery. */
  deliveryId?: string | null;
  /** The step of the route, from 0. */
  step?: number | null;
  /** Why, as a word of a closed list. */
  reason?: string | null;
  /** The vendor's own code for it. */
  raw?: string | null;
  /** Codes looked at so far. */
  checks?: number | null;
  /** Codes that will still be looked at. */
  checksLeft?: number | null;
  /** Whether an earlier hand-over may have arrived as well. */
  maybeDuplicate?: boolean | null;
  /** What the approval proves. */
  assurance?: "restricted" | "oob" | "address_confirmation" | null;
  /** Who did it: the id of an API key, or `operator`. */
  by?: string | null;
  /** The names of the fields that were changed, with spaces between them. */
  changed?: string | null;
  /** What the agent calls itself that did it by MCP; it proves nothing. */
  agent?: string | null;
  /** The run that it says it did it in. */
  runId?: string | null;
  /** Who wrote, masked. */
  sender?: string | null;
  /** What they wrote, without codes and numbers: runs of four digits and more are `***`. */
  said?: string | null;
  /** Whether they want no more messages (`out`) or again some (`in`). */
  choice?: "out" | "in" | null;
  /** The approved share of the verifications of the hour, in percent. */
  conversion?: number | null;
  /** The same of the day before that hour. */
  usual?: number | null;
  /** How many verifications began in the hour. */
  started?: number | null;
  /** What is left, as the vendor writes it. */
  balance?: string | null;
  /** The project's `low_balance`. */
  threshold?: string | null;
  /** What the day's messages cost so far. */
  spent?: string | null;
  /** The project's `daily_budget`. */
  budget?: string | null;
  /** Of the amounts: ISO 4217. */
  currency?: string | null;
  /** The day in UTC, such as `2026-03-01`. */
  day?: string | null;
  /** The verification, also of its deliveries. */
  messageId?: string | null;
  /** The template. */
  templateId?: string | null;
  /** The API key: its public half. */
  keyId?: string | null;
  /** The webhook endpoint. */
  endpointId?: string | null;
  /** The message of a person. */
  incomingId?: string | null;
  /** The alert: the same while it comes and goes, such as `provider.acme`. */
  alertId?: string | null;
  /** Its place among the events of the same thing, from 1: webhooks may overtake one another. */
  sequence?: number;
}

/** The types of events. */
export type EventType = "alert.budget" | "alert.conversion_drop" | "alert.endpoint_disabled" | "alert.low_balance" | "alert.provider_down" | "alert.provider_recovered" | "delivery.delivered" | "delivery.failed" | "delivery.queued" | "delivery.sent" | "delivery.undelivered" | "delivery.unknown" | "key.created" | "key.deleted" | "key.rotated" | "key.updated" | "message.received" | "template.approved" | "template.deleted" | "template.rejected" | "template.submitted" | "verification.approved" | "verification.canceled" | "verification.check_failed" | "verification.created" | "verification.exhausted" | "verification.expired" | "verification.failed" | "verification.resent" | "webhook.disabled" | (string & {});

/** One thing that the policy says about a template. */
export interface Finding {
  /** A machine word. */
  rule: string;
  /** An error keeps a template from being saved; a warning is for the reviewer. */
  severity: Severity;
  /** Where. */
  field: string;
  /** What is wrong, and why. */
  message: string;
  /** What to do. */
  fix: string;
  /** On which channel. */
  channel: Channel | null;
  /** In which language. */
  language: string | null;
}

/** Whose envelope the tools are wrapped in. */
export type Format = "anthropic" | "gemini" | "mcp" | "openai" | "openai-chat" | (string & {});

/** A message that stayed on the server. */
export interface InboxMessage {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** The recipient in full. */
  to: string;
  /** How it was to go out. */
  channel: Channel;
  /** What was said. */
  text: string;
  /** The code alone; empty where there is none. */
  code: string;
  /** RFC 3339, UTC. */
  at: Date;
}

/** A key with its secret: no other answer shows it again. */
export interface IssuedApiKey {
  /** The public half of the key, and its id. */
  devKey: string;
  /** A name for people. */
  name: string;
  /** What it may do. */
  scopes: Scope[];
  /** The project it belongs to. */
  projectId: string;
  /** Whether it is refused. */
  disabled: boolean;
  /** Where it works from; everywhere when empty. */
  allowedIps: string[];
  /** Null: never. */
  expiresAt: Date | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** The secret half. Keep it now. */
  devSecret: string;
  /** Both halves in one, for `Authorization: Bearer`. */
  bearer: string;
}

/** An endpoint with its secret: no other answer shows it again. */
export interface IssuedWebhookEndpoint {
  /** The id of the endpoint. */
  endpointId: string;
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url: string;
  /** Words for people. */
  description: string;
  /** The types it gets, or families such as `delivery.*`; all where empty. */
  eventTypes: string[];
  /** How its webhooks are written. */
  dialect: Dialect;
  /** Whether it has answered a post with 2xx. */
  verified: boolean;
  /** Whether nothing is posted. */
  disabled: boolean;
  /** `requested`, `gone` (it answered 410) or `failing` (nothing but failures for five days). */
  disabledReason: Disabled | null;
  /** Its first failure after the last success. */
  failingSince: Date | null;
  /** Until when it asked to be left alone. */
  pausedUntil: Date | null;
  /** Until when an older secret signs as well. */
  previousSecretUntil: Date | null;
  /** Dialect engagelab only: the name in X-CALLBACK-ID. */
  username: string | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
  /** What verifies its webhooks. Keep it now. */
  secret: string;
}

/** Why a step is not taken for a recipient. */
export type LeftOut = "condition" | "no_content" | "no_provider_account" | "repeated" | "unreachable" | (string & {});

/** What the policy says about a template that was not saved. */
export interface LintReport {
  /** Whether it could be saved: no finding is an error. */
  passed: boolean;
  /** Errors first. */
  findings: Finding[];
}

/** Whether custom messages of the category `marketing` may be sent, and when. */
export interface MarketingHours {
  /** Off unless you say so. */
  enabled?: boolean;
  /** HH:MM where the recipient is. */
  start?: string;
  /** HH:MM where the recipient is. */
  end?: string;
}

/** A verification with everything that happened to it. */
export interface Message {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** Where it is. */
  status: Status;
  /** The recipient, masked. */
  to: string;
  /** The channel it is sent by. */
  sendChannel: Channel;
  /** The id of an approved template. */
  templateId: string;
  /** The language that was asked for. */
  language: string;
  /** What the code is for. */
  purpose: string;
  /** What an approval proves (NIST SP 800-63B-4). */
  assurance: Assurance;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  expiresAt: Date;
  /** Null while it is pending. */
  endedAt: Date | null;
  /** Messages sent so far. */
  sends: number;
  /** Codes looked at so far. */
  checks: number;
  /** Codes that will still be looked at. */
  checksLeft: number;
  /** Seconds until it may be sent again; null when it never may. */
  resendAfter: number | null;
  /** Where the person can type the code on a page of this server, so that nobody else sees it; null
   * once it has ended, and where a code is bound to a payment. */
  verificationUrl: string | null;
  /** What you gave. */
  metadata: Record<string, string>;
  /** Every delivery, oldest first. */
  deliveries: Delivery[];
  /** Everything that happened, oldest first. */
  timeline: TimelineEntry[];
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** A verification, as lists show it. */
export interface MessageSummary {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** Where it is. */
  status: Status;
  /** The recipient, masked. */
  to: string;
  /** The channel it is sent by. */
  sendChannel: Channel;
  /** The id of an approved template. */
  templateId: string;
  /** The language that was asked for. */
  language: string;
  /** What the code is for. */
  purpose: string;
  /** What an approval proves (NIST SP 800-63B-4). */
  assurance: Assurance;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  expiresAt: Date;
  /** Null while it is pending. */
  endedAt: Date | null;
  /** Messages sent so far. */
  sends: number;
  /** Codes looked at so far. */
  checks: number;
  /** Codes that will still be looked at. */
  checksLeft: number;
}

/** How real a project is: only `live` lets a message leave the machine. */
export type Mode = "development" | "live" | "sandbox" | (string & {});

/** The one thing to do next, and what is done. */
export interface NextStep {
  /** What to do. */
  step: Step;
  /** What is missing. */
  why: string;
  /** How to do it. */
  action: string;
  /** A command that does or shows it, for whoever runs the server. */
  command: string;
  /** The page about it, as Markdown. */
  docUrl: string;
  /** The steps before it. */
  done: Step[];
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** What a number is used for, in libphonenumber's distinctions. */
export type NumberType = "fixed_line" | "fixed_line_or_mobile" | "mobile" | "pager" | "personal" | "premium_rate" | "shared_cost" | "toll_free" | "uan" | "unknown" | "voicemail" | "voip" | (string & {});

/** An address that gets no messages over a channel. */
export interface OptOut {
  /** The id of the opt-out. */
  optOutId: string;
  /** The recipient, masked. */
  to: string;
  /** Over which nothing is sent. */
  channel: Channel;
  /** Who wanted it so. */
  source: "operator" | "recipient" | (string & {});
  /** RFC 3339, UTC. */
  createdAt: Date;
}

/** What came of a signed ping. */
export interface Ping {
  /** Whether the answer was 2xx. */
  succeeded: boolean;
  /** The answer's HTTP status; null for none. */
  status: number | null;
  /** What went wrong; null for nothing. */
  error: string | null;
  /** Milliseconds. */
  durationMs: number;
}

/** Which messages are shown, and with which values. */
export interface PreviewTemplate {
  /** Unset, every channel. */
  channel?: Channel | undefined;
  /** Unset, every language the template has. */
  language?: string | undefined;
  /** Values of variables. */
  params?: Record<string, string> | undefined;
  /** Unset, the newest. */
  version?: number | undefined;
  /** Where it would be sent (ISO 3166-1), for the cost. */
  country?: string | undefined;
}

/** One message as it would be sent, with an example of a code. */
export interface PreviewedMessage {
  /** How it would be sent. */
  channel: Channel;
  /** The language that was found. */
  language: string;
  /** What is said. */
  text: string;
  /** An email's subject. */
  subject: string | null;
  /** An email's HTML. */
  html: string | null;
  /** The alphabet of an SMS. */
  encoding: Encoding | null;
  /** Its septets or UTF-16 units. */
  units: number | null;
  /** How many SMS are paid; null elsewhere. */
  segments: number | null;
  /** Null where the operator set no price: WATCHWORD_MESSAGE_PRICES. */
  cost: Cost | null;
}

/** A project. */
export interface Project {
  /** The project's id. */
  projectId: string;
  /** A name for people. */
  name: string;
  /** Only a live project lets messages leave the server. */
  mode: Mode;
  /** Limits that differ from the mode's own, by name. */
  limits: Record<string, ThroughputLimit>;
  /** Domains that links in templates may lead to, with what is below them. */
  linkDomains: string[];
  /** When marketing may be sent, if at all. */
  marketing: MarketingHours;
  /** What messages may cost per day (UTC), in the currency of `WATCHWORD_MESSAGE_PRICES`:
   * `alert.budget` at 80 % of it. Empty: no budget. */
  dailyBudget: string;
  /** Below this balance of a provider account `alert.low_balance` is raised, in the account's own
   * currency. Empty: never. */
  lowBalance: string;
  /** RFC 3339, UTC. */
  createdAt: Date;
}

/** An account, without its secrets. */
export interface Provider {
  /** The id of the account. */
  providerId: string;
  /** Its name, by which routes and deliveries know it: unique in the project, and never changed. */
  name: string;
  /** The vendor: a `name` of `GET /v1/provider-types`. */
  provider: string;
  /** What it can carry. */
  channels: Array<"sms" | "whatsapp" | "email" | "voice" | "silent" | "rcs" | "telegram" | "viber" | (string & {})>;
  /** Whether it tells later what became of a message. */
  reports: boolean;
  /** What it was told; secrets are null. */
  settings: Record<string, unknown>;
  /** The secrets it was told. */
  secretsSet: string[];
  /** Its share of the messages among the healthy accounts that carry a channel; with 0 it is used
   * only when no other is left. */
  weight: number;
  /** True where no message may go to it. */
  disabled: boolean;
  /** Why it cannot be used at all, such as a package that is gone; null where it can. */
  broken: string | null;
  /** Its circuit breaker, in the process that answers: see its health. */
  health: State;
  /** What the vendor has to call with its reports, where it reports at all. */
  callbackUrl: string;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
}

/** The vendor's own word on an account. */
export interface ProviderCheckup {
  /** Whether it can be used. */
  ok: boolean;
  /** One sentence. */
  detail: string;
  /** What is left, where the vendor tells. */
  balance: string | null;
  /** ISO 4217, where the vendor tells. */
  currency: string | null;
  /** Milliseconds. */
  durationMs: number;
}

/** How an account is doing. */
export interface ProviderHealth {
  /** The id of the account. */
  providerId: string;
  /** The circuit breaker of the process that answers: `closed` is in use, `open` is left alone,
   * `half_open` is tried with one message at a time. */
  state: State;
  /** Of these hand-overs, those that failed or got no answer. */
  errors: number;
  /** Its last hand-overs, 20 at most. */
  total: number;
  /** Since when it is left alone. */
  openedAt: Date | null;
  /** From when it is tried again. */
  probeAt: Date | null;
  /** Why it cannot be used at all. */
  broken: string | null;
  /** The vendor's word; null where it was not asked for. */
  checkup: ProviderCheckup | null;
}

/** What would leave for the test message. */
export interface ProviderPreview {
  /** The id of the account. */
  providerId: string;
  /** As the provider shows it, secrets masked. */
  request: Record<string, unknown>;
}

/** One setting that a vendor declares. */
export interface ProviderSetting {
  /** Its name. */
  name: string;
  /** What its value is. */
  type: "string" | "integer" | "number" | "boolean" | "object" | "array" | "choice" | (string & {});
  /** What may be written, of a choice. */
  choices: string[];
  /** What it is. */
  description: string;
  /** Whether it must be given. */
  required: boolean;
  /** What holds where it is not given. */
  default: unknown;
  /** Whether it is never shown again. */
  secret: boolean;
}

/** What came of a test message. */
export interface ProviderTest {
  /** Whether the vendor took it. */
  accepted: boolean;
  /** `accepted`; `rejected`: the vendor refuses this message; `unavailable`: nothing was sent;
   * `uncertain`: it may have been sent. */
  outcome: Ended;
  /** By which channel; unset, the first one that the account carries and that reaches the
   * recipient. */
  channel: Channel;
  /** The vendor's id of the message. */
  reference: string | null;
  /** Why it was not accepted. */
  reason: Reason | null;
  /** The vendor's own code or words. */
  raw: string | null;
  /** What to do about it. */
  advice: string | null;
  /** Milliseconds. */
  durationMs: number;
}

/** A vendor that this server can speak to. */
export interface ProviderType {
  /** The vendor: a `name` of `GET /v1/provider-types`. */
  name: string;
  /** What it is. */
  description: string;
  /** What it can carry. */
  channels: Array<"sms" | "whatsapp" | "email" | "voice" | "silent" | "rcs" | "telegram" | "viber" | (string & {})>;
  /** Whether it tells later what became of a message. */
  reports: boolean;
  /** Its page; null for one that comes from an outside package. */
  docsUrl: string | null;
  /** What an account of it is told. */
  settings: ProviderSetting[];
}

/** The whole of a route; `steps` or `short_form` is required. */
export interface PutRoute {
  /** What it is for. */
  description?: string | undefined;
  /** The steps in the order they are tried; or give `short_form`. */
  steps?: StepBody[] | undefined;
  /** Channels in the order they are tried, with `|` between them, each perhaps with its wait and
   * until in parentheses. */
  shortForm?: string | undefined;
}

/** Kept for you, and not used: this server has no web app to link to. */
export interface PwaConfig {
  /** The web app's platform. */
  pwaPlatform?: string;
  /** The web app's code. */
  pwaCode?: string;
}

/** Why a delivery did not reach its recipient. */
export type Reason = "blocked_by_carrier" | "content_rejected" | "interrupted" | "invalid_recipient" | "misconfigured" | "no_credit" | "not_needed" | "opted_out" | "other" | "provider_down" | "sender_rejected" | "throttled" | "timed_out" | "unreachable" | (string & {});

/** A no. */
export interface RejectTemplate {
  /** What has to change; the project reads it as `audit_remark`. */
  remark: string;
  /** Unset, the newest. */
  version?: number | undefined;
}

/** How many opt-outs were lifted. */
export interface RemovedOptOuts {
  /** How many. */
  removed: number;
}

/** The whole of a template's new version. */
export interface ReplaceTemplate {
  /** What it is for. */
  description?: string | undefined;
  /** Channels in the order they are tried, with `|` between them. */
  sendChannelStrategy?: string | undefined;
  /** A saved route, instead of `send_channel_strategy`. */
  route?: string | undefined;
  /** Who sends, in 2 to 10 characters; empty, messages say Watchword. */
  brandName?: string | undefined;
  /** Null where the server makes no code for it. */
  verifyCodeConfig?: VerifyCodeConfig | null | undefined;
  /** What WhatsApp says. */
  whatsappConfig?: WhatsappConfig | null | undefined;
  /** What an SMS says. */
  smsConfig?: SmsConfig | null | undefined;
  /** What a call says. */
  voiceConfig?: VoiceConfig | null | undefined;
  /** What an email says. */
  emailConfig?: EmailConfig | null | undefined;
  /** Kept for you, and not used. */
  pwaConfig?: PwaConfig | null | undefined;
  /** Your own words by channel and language, for channels without a configuration of their own. */
  contents?: Record<string, Record<string, ContentBody>> | undefined;
}

/** What is posted again: these events, or what a state and a range of time choose. */
export interface ReplayWebhooks {
  /** These events, whatever became of them; then nothing else is given. */
  eventIds?: string[] | null | undefined;
  /** Only those in this state; null for any. */
  status?: WebhookStatus | null | undefined;
  /** Only those from this instant on: RFC 3339. */
  since?: string | null | undefined;
  /** Only those before this instant: RFC 3339. */
  until?: string | null | undefined;
  /** How many at most. */
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | null | undefined;
}

/** What is posted again. */
export interface ReplayedWebhooks {
  /** How many this call began. */
  replayed: number;
  /** How many were chosen; null on later pages. */
  total: number | null;
  /** Pass it as `cursor` to get the next page; null on the last one. */
  nextCursor: string | null;
}

/** What a provider said later of a delivery. */
export interface Report {
  /** What became of it. */
  status: DeliveryStatus;
  /** Why it did not arrive; null otherwise. */
  reason: Reason | null;
  /** The provider's own code for it. */
  raw: string | null;
  /** Whether it changed the delivery: false for one that came twice or late. */
  moved: boolean;
  /** RFC 3339, UTC. */
  at: Date;
}

/** How the code is sent again. */
export interface ResendMessage {
  /** Take the route's step of this channel now: the next that was not taken yet, else the last that
   * was. Unset, the step that was taken last is repeated. */
  channel?: Channel | null | undefined;
}

/** How the secret is changed. */
export interface RotateApiKey {
  /** Seconds for which the old secret still works. */
  overlap?: number | undefined;
}

/** How the secret is changed. */
export interface RotateWebhookSecret {
  /** Seconds for which a standard endpoint is signed with the old one too. */
  overlap?: number | undefined;
  /** Your own secret; of the standard dialect `whsec_` and the base64 of 24 to 64 bytes. One is
   * made where it is left out. */
  secret?: string | null | undefined;
}

/** A saved route. */
export interface Route {
  /** The id of a saved route; `check` and the words for channels are none. */
  routeId: string;
  /** What it is for. */
  description: string;
  /** In the order they are tried. */
  steps: StepBody[];
  /** The same in short; null where accounts or conditions do not fit into it. */
  shortForm: string | null;
  /** The templates that name it. */
  templates: string[];
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** One thing that keeps a route from being saved or used. */
export interface RouteProblem {
  /** Where; steps count from 0. */
  field: string;
  /** A machine word. */
  rule: string;
  /** What is wrong; steps count from 1. */
  message: string;
}

/** What was found about a route; nothing was saved or sent. */
export interface RouteReport {
  /** Whether it has no problem. */
  valid: boolean;
  /** In reading order. */
  problems: RouteProblem[];
  /** Each step for the recipient `to`; null where none was given. */
  chosen: ChosenStep[] | null;
}

/** A sandbox's webhook; a secret of your own is not repeated. */
export interface SandboxWebhook {
  /** The id of the endpoint. */
  endpointId: string;
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url: string;
  /** The name in X-CALLBACK-ID. */
  username: string;
  /** What verifies its callbacks, where none was given. Keep it now. */
  secret?: string;
  /** Whether it answered a signed ping with 2xx. */
  verified: boolean;
  /** What went wrong with the ping; null for nothing. */
  error: string | null;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** What a key may do; `server:admin`, `templates:review` and `agent:verify` (to check codes by MCP)
 * are apart from the scopes of a project: no key has one unless an operator gave it. */
export type Scope = "agent:verify" | "events:read" | "guard:manage" | "inbox:read" | "keys:manage" | "messages:read" | "messages:send" | "providers:manage" | "routes:manage" | "server:admin" | "templates:manage" | "templates:read" | "templates:review" | "verifications:check" | "webhooks:manage" | (string & {});

/** Your own code to be sent; `template` or its shorthand `template_id` is required. */
export interface SendCode {
  /** The recipient: a phone number in E.164 form (`+` and the country code first), or an email
   * address. */
  to: string;
  /** Shorthand for `template.id`. */
  templateId: string;
  /** With `template_id`: the language tag. */
  language?: string | null | undefined;
  /** With `template_id`: the template's variables. */
  params?: Record<string, string> | null | undefined;
  /** Send on this channel alone. */
  channel?: Channel | null | undefined;
  /** Channels in the order they are tried, instead of the template's, such as `whatsapp(30s)|sms`;
   * or the id of a saved route. */
  route?: string | null | undefined;
  /** Other addresses of the same person. */
  alternates?: Alternates | null | undefined;
  /** Seconds the code is good for; else the template's. */
  ttl?: number | null | undefined;
  /** What is known about the person's device, against fraud: `ip`, `user_agent`, `device_id`,
   * `session_id`. */
  signals?: Record<string, string> | null | undefined;
  /** The payment that the code authorises. */
  binding?: Binding | null | undefined;
  /** Your own data, kept with the verification and given back. */
  metadata?: Record<string, string> | null | undefined;
  /** What the code is for, such as `login`; a code for one purpose does not verify another. */
  purpose?: string | null | undefined;
  /** The code, 4 to 10 ASCII letters or digits. No answer repeats it. */
  code: string;
}

/** A message whose code, if its template has one, is your own. */
export interface SendCustomMessage {
  to: string | string[];
  /** What is said. `params.code` is your code, 4 to 10 ASCII letters or digits; it is required
   * where the template has a code. */
  template: TemplateChoice;
}

/** A code to be sent; `template` or its shorthand `template_id` is required. */
export interface SendMessage {
  /** The recipient: a phone number in E.164 form (`+` and the country code first), or an email
   * address. */
  to: string;
  /** Shorthand for `template.id`. */
  templateId: string;
  /** With `template_id`: the language tag. */
  language?: string | null | undefined;
  /** With `template_id`: the template's variables. */
  params?: Record<string, string> | null | undefined;
  /** Send on this channel alone. */
  channel?: Channel | null | undefined;
  /** Channels in the order they are tried, instead of the template's, such as `whatsapp(30s)|sms`;
   * or the id of a saved route. */
  route?: string | null | undefined;
  /** Other addresses of the same person. */
  alternates?: Alternates | null | undefined;
  /** Seconds the code is good for; else the template's. */
  ttl?: number | null | undefined;
  /** What is known about the person's device, against fraud: `ip`, `user_agent`, `device_id`,
   * `session_id`. */
  signals?: Record<string, string> | null | undefined;
  /** The payment that the code authorises. */
  binding?: Binding | null | undefined;
  /** Your own data, kept with the verification and given back. */
  metadata?: Record<string, string> | null | undefined;
  /** What the code is for, such as `login`; a code for one purpose does not verify another. */
  purpose?: string | null | undefined;
}

/** A custom message on its way; with several recipients, what was accepted for the first. */
export interface SentCustomMessage {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** The first channel of the route. */
  sendChannel: Channel;
  /** Where the verification is. */
  status: Status;
  /** Until when the code is good (RFC 3339, UTC). */
  expiresAt: Date;
  /** Seconds until it may be sent again. */
  resendAfter: number;
  /** What an approval will prove (NIST SP 800-63B-4). */
  assurance: Assurance;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
  /** One entry per recipient, in their order, where `to` was a list. */
  messages?: SentToOne[];
}

/** A verification whose code is on its way. The code itself is in no answer. */
export interface SentMessage {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** The first channel of the route. */
  sendChannel: Channel;
  /** Where the verification is. */
  status: Status;
  /** Until when the code is good (RFC 3339, UTC). */
  expiresAt: Date;
  /** Seconds until it may be sent again. */
  resendAfter: number;
  /** What an approval will prove (NIST SP 800-63B-4). */
  assurance: Assurance;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** What was accepted for one of several recipients. */
export interface SentToOne {
  /** The id of the verification: keep it to check the code. */
  messageId: string;
  /** The first channel of the route. */
  sendChannel: Channel;
  /** Where the verification is. */
  status: Status;
  /** Until when the code is good (RFC 3339, UTC). */
  expiresAt: Date;
  /** Seconds until it may be sent again. */
  resendAfter: number;
  /** What an approval will prove (NIST SP 800-63B-4). */
  assurance: Assurance;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
  /** The recipient as you wrote it. */
  to: string;
}

/** Where the events of a sandbox go. */
export interface SetSandboxWebhook {
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url: string;
  /** Dialect engagelab: the name in X-CALLBACK-ID. */
  username?: string | null | undefined;
  /** Your own secret; of the standard dialect `whsec_` and the base64 of 24 to 64 bytes. One is
   * made where it is left out. */
  secret?: string | null | undefined;
}

/** Whether a finding keeps a template from being saved. */
export type Severity = "error" | "warning" | (string & {});

/** What an SMS says. */
export interface SmsConfig {
  /** 1: the server's own words. 2: your own. */
  templateType?: number | undefined;
  /** For `template_type` 1; without it, everything is included. */
  templateDefaultConfig?: DefaultConfig | undefined;
  /** For `template_type` 2. */
  templateCustomConfig?: CustomConfig | undefined;
}

/** What an SMS says, and how long it is. */
export interface SmsDetails {
  /** 1: the server's own words. 2: your own. */
  templateType?: number;
  /** For `template_type` 1; without it, everything is included. */
  templateDefaultConfig?: DefaultConfig;
  /** For `template_type` 2. */
  templateCustomConfig?: CustomConfig;
  /** Segments that are paid, in the language default. */
  templateParts: number;
}

/** An SMS without its words. */
export interface SmsSummary {
  /** 1: the server's own words. 2: your own. */
  templateType: number;
  /** Segments that are paid, in the language default. */
  templateParts: number;
}

/** Whether an account is used. */
export type State = "closed" | "half_open" | "open" | (string & {});

/** Where a verification is. */
export type Status = "approved" | "canceled" | "exhausted" | "expired" | "failed" | "pending" | (string & {});

/** What to do next. */
export type Step = "add_provider" | "add_webhook" | "approve_template" | "done" | "get_scope" | "go_live" | "send" | "verify" | (string & {});

/** One step. */
export interface StepBody {
  /** How it is sent. */
  channel: Channel;
  /** The provider accounts that may carry it; empty, any that carries the channel. */
  accounts?: string[];
  /** Seconds until the next step is taken, if `until` is not reached. */
  waitS?: number;
  /** What it must reach within its wait: `sent`, `delivered` or `verified`. Null: `delivered` where
   * the provider account reports deliveries, else `sent`. */
  until?: Until | null;
  /** For whom it is; empty, for everybody. */
  when?: WhenBody;
}

/** Which template is sent, and what is filled in. */
export interface TemplateChoice {
  /** The id of an approved template. */
  id: string;
  /** A language tag such as `en`, `pt-BR` or `zh_CN`, or `default`. A language the template does
   * not have falls back to the nearest one it has. */
  language?: string | null | undefined;
  /** Values for the template's own variables. The code, its lifetime and the brand are filled in by
   * the server and cannot be overridden. */
  params?: Record<string, string> | null | undefined;
}

/** A template with what it says, in the version that is in use. */
export interface TemplateDetails {
  /** The id of an approved template. */
  templateId: string;
  /** What it is for. */
  description: string;
  /** The channels, in the order they are tried; empty where `route` says it. */
  sendChannelStrategy: string;
  /** The saved route it is sent by. */
  route: string | null;
  /** Who sends. */
  brandName: string;
  /** Null where it carries no code. */
  verifyCodeConfig: VerifyCodeConfig | null;
  /** What WhatsApp says. */
  whatsappConfig?: WhatsappConfig;
  /** What a call says. */
  voiceConfig?: VoiceConfig;
  /** Kept, and not used. */
  pwaConfig?: PwaConfig;
  /** 1 pending, 2 approved, 3 rejected. */
  status: number;
  /** What the reviewer said. */
  auditRemark: string;
  /** Seconds since 1970. */
  createdTime: number;
  /** Which version it is. */
  version: number;
  /** A newer version, which waits for its review or was rejected; null where the newest one is in
   * use. */
  change: WaitingChange | null;
  smsConfig?: SmsDetails;
  emailConfig?: EmailConfig;
  /** By channel and language. */
  contents: Record<string, Record<string, Content>>;
  /** What it is for. */
  category: Category;
  /** Errors first. */
  findings: Finding[];
}

/** It was done, in the field's own words. */
export interface TemplateDone {
  /** Always 0. */
  code?: number;
  /** Always success. */
  message?: string;
}

/** The messages of a template, none of which was sent. */
export interface TemplatePreview {
  /** The id of an approved template. */
  templateId: string;
  /** Which version it is. */
  version: number;
  /** What would be sent. */
  data: PreviewedMessage[];
}

/** A template, without what it says. */
export interface TemplateSummary {
  /** The id of an approved template. */
  templateId: string;
  /** What it is for. */
  description: string;
  /** The channels, in the order they are tried; empty where `route` says it. */
  sendChannelStrategy: string;
  /** The saved route it is sent by. */
  route: string | null;
  /** Who sends. */
  brandName: string;
  /** Null where it carries no code. */
  verifyCodeConfig: VerifyCodeConfig | null;
  /** What WhatsApp says. */
  whatsappConfig?: WhatsappConfig;
  /** What a call says. */
  voiceConfig?: VoiceConfig;
  /** Kept, and not used. */
  pwaConfig?: PwaConfig;
  /** 1 pending, 2 approved, 3 rejected. */
  status: number;
  /** What the reviewer said. */
  auditRemark: string;
  /** Seconds since 1970. */
  createdTime: number;
  /** Which version it is. */
  version: number;
  /** A newer version, which waits for its review or was rejected; null where the newest one is in
   * use. */
  change: WaitingChange | null;
  smsConfig?: SmsSummary;
  emailConfig?: EmailSummary;
}

/** One version of a template, with what became of it. */
export interface TemplateVersion {
  /** Which version it is. */
  version: number;
  /** Whether messages are made of it. */
  inUse: boolean;
  /** 1 pending, 2 approved, 3 rejected. */
  status: number;
  /** What the reviewer said. */
  auditRemark: string;
  /** Who decided: the name of a key or the operator; empty for a setting. */
  reviewedBy: string;
  /** RFC 3339, UTC. */
  submittedAt: Date;
  /** Null until then. */
  reviewedAt: Date | null;
  /** What it is for. */
  description: string;
  /** The channels, in order. */
  sendChannelStrategy: string;
  /** The saved route it is sent by. */
  route: string | null;
  /** Who sends. */
  brandName: string;
  /** Null where it carries no code. */
  verifyCodeConfig: VerifyCodeConfig | null;
  /** What it is for. */
  category: Category;
  /** By channel and language. */
  contents: Record<string, Record<string, Content>>;
}

/** At most `count` in any `period` seconds. */
export interface ThroughputLimit {
  /** How many. */
  count: number;
  /** Seconds. */
  period: number;
}

/** Something that happened. */
export interface TimelineEntry {
  /** Its place, from 1. */
  sequence: number;
  /** What happened. */
  type: EventType;
  /** RFC 3339, UTC. */
  at: Date;
  /** What is known about it. */
  data: Data;
}

/** The tools that a key may use, to be handed to a model as they are. */
export interface ToolList {
  /** The envelope. */
  format: Format;
  /** One definition each, in the vendor's own form. */
  tools: Array<Record<string, unknown>>;
  /** Only there when the project is not live: nothing leaves the server. */
  mode?: Mode;
}

/** To whom a test message goes. */
export interface TryProvider {
  /** The recipient: a phone number in E.164 form (`+` and the country code first), or an email
   * address. */
  to: string;
  /** By which channel; unset, the first one that the account carries and that reaches the
   * recipient. */
  channel?: Channel | null | undefined;
}

/** The address whose failures are forgotten. */
export interface UnlockAddress {
  /** The recipient: a phone number in E.164 form (`+` and the country code first), or an email
   * address. */
  to: string;
}

/** An address that may verify again. */
export interface UnlockedAddress {
  /** Always true. */
  unlocked: true;
  /** The recipient, masked. */
  to: string;
}

/** What a step must reach within its wait for the route to stay on it. */
export type Until = "delivered" | "sent" | "verified" | (string & {});

/** What changes about a key; what is left out stays. */
export interface UpdateApiKey {
  /** A name for people. */
  name?: string | null | undefined;
  /** Whether it is refused. */
  disabled?: boolean | null | undefined;
  /** Networks the key works from; an empty list allows all. */
  allowedIps?: string[] | null | undefined;
  /** What the key may do from now on. */
  scopes?: Scope[] | null | undefined;
}

/** What changes about a project; what is left out stays. */
export interface UpdateProject {
  /** A name for people. */
  name?: string | null | undefined;
  /** Only a live project lets messages leave the server. */
  mode?: Mode | null | undefined;
  /** Limits that differ from the mode's own, by name. */
  limits?: Record<string, ThroughputLimit> | null | undefined;
  /** Domains that links in templates may lead to, with what is below them. */
  linkDomains?: string[] | null | undefined;
  /** When marketing may be sent, if at all. */
  marketing?: MarketingHours | null | undefined;
  /** What messages may cost per day (UTC), in the currency of `WATCHWORD_MESSAGE_PRICES`:
   * `alert.budget` at 80 % of it. Empty: no budget. */
  dailyBudget?: string | null | undefined;
  /** Below this balance of a provider account `alert.low_balance` is raised, in the account's own
   * currency. Empty: never. */
  lowBalance?: string | null | undefined;
}

/** What changes about an account; what is left out stays. */
export interface UpdateProvider {
  /** The settings that change. A secret that is null or left out stays; where a host or URL
   * changes, each secret has to be given again, but by an administrator of the server. */
  settings?: Record<string, unknown> | null | undefined;
  /** Settings that go back to their defaults, secrets too. */
  unset?: string[] | undefined;
  /** Its share of the messages among the healthy accounts that carry a channel; with 0 it is used
   * only when no other is left. */
  weight?: number | null | undefined;
  /** True where no message may go to it. */
  disabled?: boolean | null | undefined;
}

/** What changes about an endpoint; what is left out stays. */
export interface UpdateWebhookEndpoint {
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url?: string | null | undefined;
  /** Words for people. */
  description?: string | null | undefined;
  /** The types it gets, or families such as `delivery.*`; all where empty. */
  eventTypes?: string[] | null | undefined;
  /** True stops it; false lets it go on with what happens from now on. */
  disabled?: boolean | null | undefined;
  /** Dialect engagelab: the name in X-CALLBACK-ID. */
  username?: string | null | undefined;
  /** Dialect engagelab: sent as the Authorization header; empty for none. */
  authorization?: string | null | undefined;
}

/** What a template's codes look like. */
export interface VerifyCodeConfig {
  /** The sum of 1 digits, 2 lower-case letters, 4 upper-case letters. */
  verifyCodeType: number;
  /** Characters of a code. */
  verifyCodeLen: number;
  /** Minutes a code is good for; with WhatsApp 1, 5 or 10. */
  verifyCodeTtl: number;
}

/** What a call says; how long the code is good for is never spoken. */
export interface VoiceConfig {
  /** Always 1: the server's own words. */
  templateType?: number;
  /** For `template_type` 1; without it, everything is included. */
  templateDefaultConfig?: DefaultConfig;
}

/** A newer version than the one in use. */
export interface WaitingChange {
  /** Which version it is. */
  version: number;
  /** 1 pending, 2 approved, 3 rejected. */
  status: number;
  /** What the reviewer said. */
  auditRemark: string;
}

/** One POST. */
export interface WebhookAttempt {
  /** Its place, from 1. */
  attempt: number;
  /** RFC 3339, UTC. */
  at: Date;
  /** Milliseconds. */
  durationMs: number;
  /** The answer's HTTP status; null for none. */
  status: number | null;
  /** What went wrong; null for nothing. */
  error: string | null;
  /** The first 1,024 bytes of the answer's body; base64 where it is no text. */
  response: string;
}

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  /** The id of the event. */
  eventId: string;
  /** What happened. */
  eventType: EventType;
  /** The event's place among those of its subject. */
  sequence: number;
  /** How far it is. */
  status: WebhookStatus;
  /** Posts so far. */
  attempts: number;
  /** When it is posted next; null once it has ended. */
  nextAttemptAt: Date | null;
  /** The last answer's HTTP status. */
  lastStatus: number | null;
  /** What went wrong at last. */
  lastError: string | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
}

/** One event on its way to one endpoint, with every attempt. */
export interface WebhookDeliveryDetail {
  /** The id of the event. */
  eventId: string;
  /** What happened. */
  eventType: EventType;
  /** The event's place among those of its subject. */
  sequence: number;
  /** How far it is. */
  status: WebhookStatus;
  /** Posts so far. */
  attempts: number;
  /** When it is posted next; null once it has ended. */
  nextAttemptAt: Date | null;
  /** The last answer's HTTP status. */
  lastStatus: number | null;
  /** What went wrong at last. */
  lastError: string | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
  /** The event itself, as it is posted. */
  event: Event;
  /** Every attempt, oldest first. */
  log: WebhookAttempt[];
}

/** An endpoint, without its secret. */
export interface WebhookEndpoint {
  /** The id of the endpoint. */
  endpointId: string;
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url: string;
  /** Words for people. */
  description: string;
  /** The types it gets, or families such as `delivery.*`; all where empty. */
  eventTypes: string[];
  /** How its webhooks are written. */
  dialect: Dialect;
  /** Whether it has answered a post with 2xx. */
  verified: boolean;
  /** Whether nothing is posted. */
  disabled: boolean;
  /** `requested`, `gone` (it answered 410) or `failing` (nothing but failures for five days). */
  disabledReason: Disabled | null;
  /** Its first failure after the last success. */
  failingSince: Date | null;
  /** Until when it asked to be left alone. */
  pausedUntil: Date | null;
  /** Until when an older secret signs as well. */
  previousSecretUntil: Date | null;
  /** Dialect engagelab only: the name in X-CALLBACK-ID. */
  username: string | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
}

/** An endpoint with the state of its deliveries. */
export interface WebhookEndpointDetail {
  /** The id of the endpoint. */
  endpointId: string;
  /** Where events are posted to: `https`, unless the operator allows `http`. */
  url: string;
  /** Words for people. */
  description: string;
  /** The types it gets, or families such as `delivery.*`; all where empty. */
  eventTypes: string[];
  /** How its webhooks are written. */
  dialect: Dialect;
  /** Whether it has answered a post with 2xx. */
  verified: boolean;
  /** Whether nothing is posted. */
  disabled: boolean;
  /** `requested`, `gone` (it answered 410) or `failing` (nothing but failures for five days). */
  disabledReason: Disabled | null;
  /** Its first failure after the last success. */
  failingSince: Date | null;
  /** Until when it asked to be left alone. */
  pausedUntil: Date | null;
  /** Until when an older secret signs as well. */
  previousSecretUntil: Date | null;
  /** Dialect engagelab only: the name in X-CALLBACK-ID. */
  username: string | null;
  /** RFC 3339, UTC. */
  createdAt: Date;
  /** RFC 3339, UTC. */
  updatedAt: Date;
  /** How many deliveries it has in each state. */
  deliveries: Record<string, number>;
}

/** Where the delivery of an event to an endpoint is. */
export type WebhookStatus = "delivered" | "exhausted" | "pending" | (string & {});

/** What WhatsApp says. */
export interface WhatsappConfig {
  /** Always 1: the server's own words. */
  templateType?: number;
  /** For `template_type` 1; without it, everything is included. */
  templateDefaultConfig?: DefaultConfig;
}

/** For whom a step is: every list that is not empty has to agree. */
export interface WhenBody {
  /** Only these. */
  countries?: string[];
  /** All but these. */
  notCountries?: string[];
  /** Only these types of number. In a country whose plan cannot tell mobile from fixed lines, such
   * as the US, every such number is `fixed_line_or_mobile`. */
  numberTypes?: NumberType[];
}

/** How the members of a type are read and written; what is not here stays. */
export const SHAPES: Record<string, Record<string, string>> = {
  AddedOptOuts: { data: "OptOutView[]" },
  ApiKeyView: { expires_at: "Date", created_at: "Date" },
  ChangeTemplate: { verify_code_config: "VerifyCodeConfig", whatsapp_config: "WhatsappConfig", sms_config: "SmsConfig", voice_config: "VoiceConfig", email_config: "EmailConfig", pwa_config: "PwaConfig", contents: "ContentBody{}{}" },
  CheckRoute: { steps: "StepBody[]", alternates: "Alternates" },
  CheckVerification: { binding: "Binding" },
  CreateTemplate: { verify_code_config: "VerifyCodeConfig", whatsapp_config: "WhatsappConfig", sms_config: "SmsConfig", voice_config: "VoiceConfig", email_config: "EmailConfig", pwa_config: "PwaConfig", contents: "ContentBody{}{}" },
  CreatedWebhookEndpoint: { failing_since: "Date", paused_until: "Date", previous_secret_until: "Date", created_at: "Date", updated_at: "Date", ping: "Ping" },
  DeliveryView: { reports: "ReportView[]", created_at: "Date", updated_at: "Date" },
  EmailConfig: { template_custom_configs: "EmailContent[]" },
  WireEvent: { timestamp: "Date", data: "WireData" },
  InboxEntry: { at: "Date" },
  IssuedApiKey: { expires_at: "Date", created_at: "Date" },
  IssuedWebhookEndpoint: { failing_since: "Date", paused_until: "Date", previous_secret_until: "Date", created_at: "Date", updated_at: "Date" },
  LintReport: { findings: "FindingView[]" },
  Message: { created_at: "Date", expires_at: "Date", ended_at: "Date", deliveries: "DeliveryView[]", timeline: "TimelineEntry[]" },
  MessageSummary: { created_at: "Date", expires_at: "Date", ended_at: "Date" },
  OptOutView: { created_at: "Date" },
  PreviewedMessage: { cost: "CostView" },
  ProjectView: { limits: "ThroughputLimit{}", marketing: "MarketingHours", created_at: "Date" },
  ProviderView: { created_at: "Date", updated_at: "Date" },
  ProviderHealth: { opened_at: "Date", probe_at: "Date", checkup: "ProviderCheckup" },
  ProviderTypeView: { settings: "ProviderSetting[]" },
  PutRoute: { steps: "StepBody[]" },
  ReplaceTemplate: { verify_code_config: "VerifyCodeConfig", whatsapp_config: "WhatsappConfig", sms_config: "SmsConfig", voice_config: "VoiceConfig", email_config: "EmailConfig", pwa_config: "PwaConfig", contents: "ContentBody{}{}" },
  ReportView: { at: "Date" },
  RouteView: { steps: "StepBody[]", created_at: "Date", updated_at: "Date" },
  RouteReport: { problems: "RouteProblem[]", chosen: "ChosenStep[]" },
  SendCode: { template: "TemplateChoice", alternates: "Alternates", binding: "Binding" },
  SendCustomMessage: { template: "TemplateChoice" },
  SendMessage: { template: "TemplateChoice", alternates: "Alternates", binding: "Binding" },
  SentCustomMessage: { expires_at: "Date", messages: "SentToOne[]" },
  SentMessage: { expires_at: "Date" },
  SentToOne: { expires_at: "Date" },
  SmsConfig: { template_default_config: "DefaultConfig", template_custom_config: "CustomConfig" },
  SmsDetails: { template_default_config: "DefaultConfig", template_custom_config: "CustomConfig" },
  StepBody: { when: "WhenBody" },
  TemplateDetails: { verify_code_config: "VerifyCodeConfig", whatsapp_config: "WhatsappConfig", voice_config: "VoiceConfig", pwa_config: "PwaConfig", change: "WaitingChange", sms_config: "SmsDetails", email_config: "EmailConfig", contents: "ContentView{}{}", findings: "FindingView[]" },
  TemplatePreview: { data: "PreviewedMessage[]" },
  TemplateSummary: { verify_code_config: "VerifyCodeConfig", whatsapp_config: "WhatsappConfig", voice_config: "VoiceConfig", pwa_config: "PwaConfig", change: "WaitingChange", sms_config: "SmsSummary", email_config: "EmailSummary" },
  TemplateVersion: { submitted_at: "Date", reviewed_at: "Date", verify_code_config: "VerifyCodeConfig", contents: "ContentView{}{}" },
  TimelineEntry: { at: "Date", data: "Data" },
  UpdateProject: { limits: "ThroughputLimit{}", marketing: "MarketingHours" },
  VoiceConfig: { template_default_config: "DefaultConfig" },
  WebhookAttemptView: { at: "Date" },
  WebhookDeliveryView: { next_attempt_at: "Date", created_at: "Date", updated_at: "Date" },
  WebhookDeliveryDetail: { next_attempt_at: "Date", created_at: "Date", updated_at: "Date", event: "WireEvent", log: "WebhookAttemptView[]" },
  WebhookEndpointView: { failing_since: "Date", paused_until: "Date", previous_secret_until: "Date", created_at: "Date", updated_at: "Date" },
  WebhookEndpointDetail: { failing_since: "Date", paused_until: "Date", previous_secret_until: "Date", created_at: "Date", updated_at: "Date" },
  WhatsappConfig: { template_default_config: "DefaultConfig" },
};
