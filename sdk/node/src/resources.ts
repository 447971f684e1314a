// Written by scripts/node_sdk.py from spec/openapi.json: `make openapi` writes it anew.

import type * as m from "./models.js";
import { Resource, segment, type Listing, type Runner } from "./protocol.js";

/** For coding agents: what to do next, and tools for a model. */
export class Agent extends Resource {
  /** Ask what to do next. Looks at the project and the key and says the one thing that is missing:
   * a scope, a template, a provider account, a first code, a webhook. */
  nextStep(): Promise<m.NextStep> {
    return this._run({ method: "GET", path: "/agent/next-step", gives: "NextStep" });
  }

  /** List the tools of a key. Function-calling definitions with strict schemas, to be handed to a
   * model as they are. A key sees the tools that its scopes let it use; `verify_otp`, which takes
   * a code, needs `agent:verify` too, which no key has by itself. */
  tools(args: { format?: m.Format | undefined } = {}): Promise<m.ToolList> {
    return this._run({ method: "GET", path: "/tools", query: args, gives: "ToolList" });
  }
}

/** Keys of the project: what each may do, from where, until when. */
export class Keys extends Resource {
  /** Make an API key. Only this answer has its secret. Needs the scope `keys:manage`. */
  create(args: m.CreateApiKey): Promise<m.IssuedApiKey> {
    return this._run({ method: "POST", path: "/api-keys", body: args, takes: "CreateApiKey", gives: "IssuedApiKey" });
  }

  /** List API keys. The keys of the project, without their secrets. Needs the scope `keys:manage`. */
  list(): Listing<m.ApiKey> {
    return this._list({ method: "GET", path: "/api-keys", gives: "ApiKeyView" });
  }

  /** Read an API key. One key, without its secret. Needs the scope `keys:manage`. */
  get(devKey: string): Promise<m.ApiKey> {
    return this._run({ method: "GET", path: `/api-keys/${segment(devKey)}`, gives: "ApiKeyView" });
  }

  /** Change an API key. Changes what is given and leaves the rest. Needs the scope `keys:manage`. */
  update(devKey: string, args: m.UpdateApiKey = {}): Promise<m.ApiKey> {
    return this._run({ method: "PATCH", path: `/api-keys/${segment(devKey)}`, body: args, takes: "UpdateApiKey", gives: "ApiKeyView" });
  }

  /** Delete an API key. The key stops working at once. Needs the scope `keys:manage`. */
  delete(devKey: string): Promise<m.DeletedApiKey> {
    return this._run({ method: "DELETE", path: `/api-keys/${segment(devKey)}`, gives: "DeletedApiKey" });
  }

  /** Give an API key a new secret. The old secret works on for `overlap` seconds. Only this answer
   * has the new one. Needs the scope `keys:manage`. */
  rotate(devKey: string, args: m.RotateApiKey = {}): Promise<m.IssuedApiKey> {
    return this._run({ method: "POST", path: `/api-keys/${segment(devKey)}/rotate`, body: args, takes: "RotateApiKey", gives: "IssuedApiKey" });
  }
}

/** Send a code, send it again, follow what became of it. */
export class Messages extends Resource {
  /** Send a code: one the server makes and never shows, or with `code` your own.
   * Called again while the code is pending, it sends the same code again.
   * @throws RateLimited within the cool-down: `retryAfter` is the seconds to wait and
   *   `extra.messageId` the pending verification. */
  send(args: m.SendMessage & { code?: string }): Promise<m.SentMessage> {
    const path = args.code === undefined ? "/messages" : "/codes";
    return this._run({
      method: "POST", path, body: args, takes: "SendMessage", gives: "SentMessage",
    });
  }

  /** Send a template with your own `code`, or without one, to one recipient or up to 100.
   * With several, all are accepted or none, and `messages` of the answer has one entry each. */
  sendCustom(args: {
    to: string | string[]; templateId: string; code?: string; language?: string;
    params?: Record<string, string>;
  }): Promise<m.SentCustomMessage> {
    const { to, templateId: id, code, language, params } = args;
    const body = { to, template: { id, language, params: { ...params, code } } };
    return this._run({
      method: "POST", path: "/custom-messages", body, takes: "SendCustomMessage",
      gives: "SentCustomMessage",
    });
  }

  /** List verifications. The verifications of the project, newest first. Needs the scope
   * `messages:read`. */
  list(args: { status?: m.Status | undefined; limit?: number | undefined } = {}): Listing<m.MessageSummary> {
    return this._list({ method: "GET", path: "/messages", query: args, gives: "MessageSummary" });
  }

  /** Read a verification. The state of a verification, each of its deliveries and its timeline.
   * Needs the scope `messages:read`. */
  get(messageId: string): Promise<m.Message> {
    return this._run({ method: "GET", path: `/messages/${segment(messageId)}`, gives: "Message" });
  }

  /** Cancel a verification. Ends a pending verification: its code approves nothing from now on.
   * Needs the scope `messages:send`. */
  cancel(messageId: string): Promise<m.CanceledMessage> {
    return this._run({ method: "POST", path: `/messages/${segment(messageId)}/cancel`, gives: "CanceledMessage" });
  }

  /** Send the same code again. Sends the code of a pending verification once more; its lifetime is
   * not extended. Refused with 429 within the cool-down and when no sends are left. Needs the
   * scope `messages:send`. */
  resend(messageId: string, args: m.ResendMessage = {}): Promise<m.SentMessage> {
    return this._run({ method: "POST", path: `/messages/${segment(messageId)}/resend`, body: args, takes: "ResendMessage", gives: "SentMessage" });
  }
}

/** What happened, as a list and as a stream. */
export class Events extends Resource {
  /** List events. What happened in the project, newest first. Ask for the next page until
   * `next_cursor` is null. Needs the scope `events:read`. */
  list(args: { type?: string | undefined; messageId?: string | undefined; limit?: number | undefined } = {}): Listing<m.Event> {
    return this._list({ method: "GET", path: "/events", query: args, gives: "WireEvent" });
  }

  /** Follow events. Events as they happen, as server-sent events: `id`, `event` (the type) and
   * `data` (the event as JSON). A reader that comes back with `Last-Event-ID` misses none. A
   * comment every 15 s shows that the stream is alive. It ends when the server stops or the key is
   * no longer good. Needs the scope `events:read`. */
  stream(args: { type?: string | undefined; lastEventId?: string | undefined } = {}): AsyncIterable<m.Event> {
    return this._follow({ method: "GET", path: "/events/stream", query: args, gives: "WireEvent" });
  }

  /** Read an event. One event, as webhooks and streams showed it. Needs the scope `events:read`. */
  get(eventId: string): Promise<m.Event> {
    return this._run({ method: "GET", path: `/events/${segment(eventId)}`, gives: "WireEvent" });
  }
}

/** Addresses that met a limit. */
export class Guard extends Resource {
  /** Unlock an address. Forgets the failed checks of an address, so that it may verify again. Needs
   * the scope `guard:manage`. */
  unlock(args: m.UnlockAddress): Promise<m.UnlockedAddress> {
    return this._run({ method: "POST", path: "/guard/unlock", body: args, takes: "UnlockAddress", gives: "UnlockedAddress" });
  }
}

/** What a project that is not live would have sent. */
export class Inbox extends Resource {
  /** Read the inbox. The messages of a development or sandbox project, newest first, each with its
   * code. A live project has no inbox: the call is refused with the reason `live_project`. Needs
   * the scope `inbox:read`. */
  list(args: { to?: string | undefined; limit?: number | undefined } = {}): Listing<m.InboxMessage> {
    return this._list({ method: "GET", path: "/inbox/messages", query: args, gives: "InboxEntry" });
  }
}

/** Who gets no messages. */
export class OptOuts extends Resource {
  /** List opt-outs. Addresses, masked, that get no messages, newest first. Needs the scope
   * `guard:manage`. */
  list(args: { to?: string | undefined; limit?: number | undefined } = {}): Listing<m.OptOut> {
    return this._list({ method: "GET", path: "/opt-outs", query: args, gives: "OptOutView" });
  }

  /** Opt an address out. Nothing is sent to it over these channels until that is lifted. Saying it
   * twice changes nothing. Needs the scope `guard:manage`. */
  add(args: m.AddOptOut): Promise<m.AddedOptOuts> {
    return this._run({ method: "POST", path: "/opt-outs", body: args, takes: "AddOptOut", gives: "AddedOptOuts" });
  }

  /** Lift opt-outs of an address. Do so only if the person asked for it: most countries' rules say
   * so. Needs the scope `guard:manage`. */
  remove(args: { to: string; channel?: m.Channel | undefined }): Promise<m.RemovedOptOuts> {
    return this._run({ method: "DELETE", path: "/opt-outs", query: args, gives: "RemovedOptOuts" });
  }
}

/** The tenants of this server; for its administrator. */
export class Projects extends Resource {
  /** Make a project. A tenant with its own keys, templates and verifications. Needs the scope
   * `server:admin`. */
  create(args: m.CreateProject): Promise<m.Project> {
    return this._run({ method: "POST", path: "/projects", body: args, takes: "CreateProject", gives: "ProjectView" });
  }

  /** List projects. Every project of this server. Needs the scope `server:admin`. */
  list(): Listing<m.Project> {
    return this._list({ method: "GET", path: "/projects", gives: "ProjectView" });
  }

  /** Read a project. One project. Needs the scope `server:admin`. */
  get(projectId: string): Promise<m.Project> {
    return this._run({ method: "GET", path: `/projects/${segment(projectId)}`, gives: "ProjectView" });
  }

  /** Change a project. Changes what is given and leaves the rest; `limits` replaces them all. Needs
   * the scope `server:admin`. */
  update(projectId: string, args: m.UpdateProject = {}): Promise<m.Project> {
    return this._run({ method: "PATCH", path: `/projects/${segment(projectId)}`, body: args, takes: "UpdateProject", gives: "ProjectView" });
  }

  /** Delete a project. Deletes the project with everything in it. Needs the scope `server:admin`. */
  delete(projectId: string): Promise<m.DeletedProject> {
    return this._run({ method: "DELETE", path: `/projects/${segment(projectId)}`, gives: "DeletedProject" });
  }
}

/** The accounts at vendors through which a live project sends. */
export class Providers extends Resource {
  /** List the vendors. What this server can speak to, and what each vendor has to be told. Needs
   * the scope `providers:manage`. */
  types(): Listing<m.ProviderType> {
    return this._list({ method: "GET", path: "/provider-types", gives: "ProviderTypeView" });
  }

  /** Make a provider account. A live project sends through it at once; elsewhere it can be tried,
   * and waits for the project to go live. Secrets are stored sealed and never shown again. Needs
   * the scope `providers:manage`. */
  create(args: m.CreateProvider): Promise<m.Provider> {
    return this._run({ method: "POST", path: "/providers", body: args, takes: "CreateProvider", gives: "ProviderView" });
  }

  /** List provider accounts. The accounts of the project, without their secrets. Needs the scope
   * `providers:manage`. */
  list(): Listing<m.Provider> {
    return this._list({ method: "GET", path: "/providers", gives: "ProviderView" });
  }

  /** Read a provider account. One account, without its secrets. Needs the scope `providers:manage`. */
  get(providerId: string): Promise<m.Provider> {
    return this._run({ method: "GET", path: `/providers/${segment(providerId)}`, gives: "ProviderView" });
  }

  /** Change a provider account. Changes what is given and leaves the rest. Hand-overs under way end
   * with the settings they began with. Needs the scope `providers:manage`. */
  update(providerId: string, args: m.UpdateProvider = {}): Promise<m.Provider> {
    return this._run({ method: "PATCH", path: `/providers/${segment(providerId)}`, body: args, takes: "UpdateProvider", gives: "ProviderView" });
  }

  /** Delete a provider account. What is queued for it goes to another account of its step, or falls
   * back. Needs the scope `providers:manage`. */
  delete(providerId: string): Promise<m.DeletedProvider> {
    return this._run({ method: "DELETE", path: `/providers/${segment(providerId)}`, gives: "DeletedProvider" });
  }

  /** Look at what would be sent. The request that a test message would be, secrets masked; nothing
   * is sent. Not every provider can show it. Needs the scope `providers:manage`. */
  dryRun(providerId: string, args: m.TryProvider): Promise<m.ProviderPreview> {
    return this._run({ method: "POST", path: `/providers/${segment(providerId)}/dry-run`, body: args, takes: "TryProvider", gives: "ProviderPreview" });
  }

  /** Read the health of a provider account. What the process that answers has seen of it; with
   * `checkup` also what the vendor says. Health is not shared between processes. Needs the scope
   * `providers:manage`. */
  health(providerId: string, args: { checkup?: boolean | undefined } = {}): Promise<m.ProviderHealth> {
    return this._run({ method: "GET", path: `/providers/${segment(providerId)}/health`, query: args, gives: "ProviderHealth" });
  }

  /** Send a test message. Sends one fixed message, whose code verifies nothing, through the
   * account, also from a development project and through a disabled account: somebody asks for it
   * by hand. Ten at once in a project, then one every six seconds; three to one recipient in ten
   * minutes. Needs the scope `providers:manage`. */
  test(providerId: string, args: m.TryProvider): Promise<m.ProviderTest> {
    return this._run({ method: "POST", path: `/providers/${segment(providerId)}/test`, body: args, takes: "TryProvider", gives: "ProviderTest" });
  }
}

/** Over which channels and provider accounts a code is tried, and for whom. */
export class Routes extends Resource {
  /** List routes. Every saved route of the project. Needs the scope `routes:manage`. */
  list(): Listing<m.Route> {
    return this._list({ method: "GET", path: "/routes", gives: "RouteView" });
  }

  /** Check a route. Says everything that keeps a route from being saved, or a template from naming
   * it, and which of its steps a recipient would get and why not the others. Nothing is saved or
   * sent. Needs the scope `routes:manage`. */
  check(args: m.CheckRoute = {}): Promise<m.RouteReport> {
    return this._run({ method: "POST", path: "/routes/check", body: args, takes: "CheckRoute", gives: "RouteReport" });
  }

  /** Read a route. One saved route, and the templates that name it. Needs the scope
   * `routes:manage`. */
  get(routeId: string): Promise<m.Route> {
    return this._run({ method: "GET", path: `/routes/${segment(routeId)}`, gives: "RouteView" });
  }

  /** Save a route. Saves a route, new or in place of the one with this id. It is checked first: a
   * refusal names the step in `field` and what it breaks in `rule`. Verifications that have
   * started keep the steps they started with. Needs the scope `routes:manage`. */
  put(routeId: string, args: m.PutRoute = {}): Promise<m.Route> {
    return this._run({ method: "PUT", path: `/routes/${segment(routeId)}`, body: args, takes: "PutRoute", gives: "RouteView" });
  }

  /** Delete a route. Deletes a route that no template names. Needs the scope `routes:manage`. */
  delete(routeId: string): Promise<m.DeletedRoute> {
    return this._run({ method: "DELETE", path: `/routes/${segment(routeId)}`, gives: "DeletedRoute" });
  }
}

/** Try everything without signing up. */
export class Sandbox extends Resource {
  /** Read what the sandbox sent. The messages of the caller's sandbox, newest first, each with its
   * code. A key of another project is refused with the reason `not_a_sandbox`. Needs the scope
   * `inbox:read`. */
  messages(args: { to?: string | undefined; limit?: number | undefined } = {}): Listing<m.InboxMessage> {
    return this._list({ method: "GET", path: "/sandbox/messages", query: args, gives: "InboxEntry" });
  }

  /** Set the sandbox's webhook. Has the events of the caller's sandbox posted to a URL in
   * EngageLab's dialect, instead of the URL that was set before. The URL is pinged at once, and
   * kept whatever it answers. Needs the scope `webhooks:manage`. */
  setWebhook(args: m.SetSandboxWebhook): Promise<m.SandboxWebhook> {
    return this._run({ method: "PUT", path: "/sandbox/webhook", body: args, takes: "SetSandboxWebhook", gives: "SandboxWebhook" });
  }
}

/** What messages say, on which channels and in which languages, and their review. */
export class Templates extends Resource {
  /** Make a template. Submits a template. It has to pass the lint; then it waits for an operator's
   * yes, or in a project that is not live it is approved at once. Read it to see its status. Needs
   * the scope `templates:manage`. */
  create(args: m.CreateTemplate): Promise<m.TemplateDone> {
    return this._run({ method: "POST", path: "/template-configs", body: args, takes: "CreateTemplate", gives: "TemplateDone" });
  }

  /** List templates. Every template of the project, without what it says. Needs the scope
   * `templates:read`. */
  list(): Listing<m.TemplateSummary> {
    return this._list({ method: "GET", path: "/template-configs", gives: "TemplateSummary" });
  }

  /** Lint a template. Says what the policy finds in a template, and saves nothing. Needs the scope
   * `templates:read`. */
  lint(args: m.CreateTemplate): Promise<m.LintReport> {
    return this._run({ method: "POST", path: "/template-configs/lint", body: args, takes: "CreateTemplate", gives: "LintReport" });
  }

  /** Read a template. One template with what it says, by channel and language, in the version that
   * is in use. Needs the scope `templates:read`. */
  get(templateId: string): Promise<m.TemplateDetails> {
    return this._run({ method: "GET", path: `/template-configs/${segment(templateId)}`, gives: "TemplateDetails" });
  }

  /** Replace a template. Submits a new version that is wholly what the body says. An approved
   * version stays in use until the new one is approved. Needs the scope `templates:manage`. */
  replace(templateId: string, args: m.ReplaceTemplate = {}): Promise<m.TemplateDetails> {
    return this._run({ method: "PUT", path: `/template-configs/${segment(templateId)}`, body: args, takes: "ReplaceTemplate", gives: "TemplateDetails" });
  }

  /** Change a template. Submits a new version: the newest one with the parts that the body gives;
   * null takes a configuration away. An approved version stays in use until the new one is
   * approved. Needs the scope `templates:manage`. */
  update(templateId: string, args: m.ChangeTemplate = {}): Promise<m.TemplateDetails> {
    return this._run({ method: "PATCH", path: `/template-configs/${segment(templateId)}`, body: args, takes: "ChangeTemplate", gives: "TemplateDetails" });
  }

  /** Delete a template. Deletes a template with all its versions. Messages that still wait for
   * their hand-over are not sent. Needs the scope `templates:manage`. */
  delete(templateId: string): Promise<m.TemplateDone> {
    return this._run({ method: "DELETE", path: `/template-configs/${segment(templateId)}`, gives: "TemplateDone" });
  }

  /** Approve a template. An operator's yes: the newest version, or another one, is in use from now
   * on. No key has the scope unless an operator gave it. Needs the scope `templates:review`. */
  approve(templateId: string, args: m.ApproveTemplate = {}): Promise<m.TemplateDetails> {
    return this._run({ method: "POST", path: `/template-configs/${segment(templateId)}/approve`, body: args, takes: "ApproveTemplate", gives: "TemplateDetails" });
  }

  /** Preview a template. Renders the newest version, or another one, by channel and language, with
   * an example of a code, and says how many SMS it takes and what they cost. Needs the scope
   * `templates:read`. */
  preview(templateId: string, args: m.PreviewTemplate = {}): Promise<m.TemplatePreview> {
    return this._run({ method: "POST", path: `/template-configs/${segment(templateId)}/preview`, body: args, takes: "PreviewTemplate", gives: "TemplatePreview" });
  }

  /** Reject a template. An operator's no, with a remark. A version that was in use is withdrawn:
   * nothing is sent of this template until a version is approved. Needs the scope
   * `templates:review`. */
  reject(templateId: string, args: m.RejectTemplate): Promise<m.TemplateDetails> {
    return this._run({ method: "POST", path: `/template-configs/${segment(templateId)}/reject`, body: args, takes: "RejectTemplate", gives: "TemplateDetails" });
  }

  /** List a template's versions. Every version with its review, newest first, at most a hundred.
   * Needs the scope `templates:read`. */
  versions(templateId: string): Listing<m.TemplateVersion> {
    return this._list({ method: "GET", path: `/template-configs/${segment(templateId)}/versions`, gives: "TemplateVersion" });
  }
}

/** Check what the person typed. */
export class Verifications extends Resource {
  /** Check what the user typed; a wrong code is `verified: false`, not an error.
   * `binding` is what `send` was given, if anything.
   * @throws Conflict if the verification is already approved.
   * @throws Gone if it is expired, exhausted, canceled or failed; `extra.reason` says which. */
  check(args: { messageId: string; code: string; binding?: m.Binding }): Promise<m.CheckResult> {
    const { messageId, code: verifyCode, binding } = args;
    const body = { messageId, verifyCode, binding };
    return this._run({
      method: "POST", path: "/verifications", body, takes: "CheckVerification",
      gives: "CheckedVerification",
    });
  }
}

/** Where events are posted to, what became of each, and posting them again. */
export class Webhooks extends Resource {
  /** Make a webhook endpoint. Posts what happens in the project from now on to a URL. Only this
   * answer has the secret. A signed ping is posted at once; the endpoint is kept whatever it
   * answers. Needs the scope `webhooks:manage`. */
  create(args: m.CreateWebhookEndpoint): Promise<m.CreatedWebhookEndpoint> {
    return this._run({ method: "POST", path: "/webhook-endpoints", body: args, takes: "CreateWebhookEndpoint", gives: "CreatedWebhookEndpoint" });
  }

  /** List webhook endpoints. The endpoints of the project, without their secrets. Needs the scope
   * `webhooks:manage`. */
  list(): Listing<m.WebhookEndpoint> {
    return this._list({ method: "GET", path: "/webhook-endpoints", gives: "WebhookEndpointView" });
  }

  /** Read a webhook endpoint. One endpoint, and how many deliveries it has in each state. Needs the
   * scope `webhooks:manage`. */
  get(endpointId: string): Promise<m.WebhookEndpointDetail> {
    return this._run({ method: "GET", path: `/webhook-endpoints/${segment(endpointId)}`, gives: "WebhookEndpointDetail" });
  }

  /** Change a webhook endpoint. Changes what is given and leaves the rest. What waits for a
   * disabled endpoint waits on. Needs the scope `webhooks:manage`. */
  update(endpointId: string, args: m.UpdateWebhookEndpoint = {}): Promise<m.WebhookEndpoint> {
    return this._run({ method: "PATCH", path: `/webhook-endpoints/${segment(endpointId)}`, body: args, takes: "UpdateWebhookEndpoint", gives: "WebhookEndpointView" });
  }

  /** Delete a webhook endpoint. Nothing more is posted; its deliveries and their log go with it.
   * Needs the scope `webhooks:manage`. */
  delete(endpointId: string): Promise<m.DeletedWebhookEndpoint> {
    return this._run({ method: "DELETE", path: `/webhook-endpoints/${segment(endpointId)}`, gives: "DeletedWebhookEndpoint" });
  }

  /** List what was posted. The events of an endpoint, newest first, with what became of each. Those
   * that ended are kept for 30 days. Needs the scope `webhooks:manage`. */
  deliveries(endpointId: string, args: { status?: m.WebhookStatus | undefined; since?: string | undefined; until?: string | undefined; limit?: number | undefined } = {}): Listing<m.WebhookDelivery> {
    return this._list({ method: "GET", path: `/webhook-endpoints/${segment(endpointId)}/deliveries`, query: args, gives: "WebhookDeliveryView" });
  }

  /** Read what was posted, with every attempt. One event of an endpoint: its payload, and every
   * attempt with its answer. Needs the scope `webhooks:manage`. */
  delivery(endpointId: string, eventId: string): Promise<m.WebhookDeliveryDetail> {
    return this._run({ method: "GET", path: `/webhook-endpoints/${segment(endpointId)}/deliveries/${segment(eventId)}`, gives: "WebhookDeliveryDetail" });
  }

  /** Post events again. By id, or by state and time; by default everything that is exhausted. The
   * schedule begins anew, ids stay. What is under way is left alone. Call it again with
   * `next_cursor` until that is null. Needs the scope `webhooks:manage`. */
  replay(endpointId: string, args: m.ReplayWebhooks = {}): Promise<m.ReplayedWebhooks> {
    return this._run({ method: "POST", path: `/webhook-endpoints/${segment(endpointId)}/replay`, body: args, takes: "ReplayWebhooks", gives: "ReplayedWebhooks" });
  }

  /** Give a webhook endpoint a new secret. A standard endpoint is signed with both for `overlap`
   * seconds; an EngageLab header has room for one signature, so there the new one is used at once.
   * Only this answer has it. Needs the scope `webhooks:manage`. */
  rotateSecret(endpointId: string, args: m.RotateWebhookSecret = {}): Promise<m.IssuedWebhookEndpoint> {
    return this._run({ method: "POST", path: `/webhook-endpoints/${segment(endpointId)}/rotate-secret`, body: args, takes: "RotateWebhookSecret", gives: "IssuedWebhookEndpoint" });
  }

  /** Ping a webhook endpoint. Posts a signed ping and says what came of it, also where it is
   * disabled. Needs the scope `webhooks:manage`. */
  test(endpointId: string): Promise<m.Ping> {
    return this._run({ method: "POST", path: `/webhook-endpoints/${segment(endpointId)}/test`, gives: "Ping" });
  }
}

/** What a client has. */
export abstract class Resources {
  readonly agent: Agent;
  readonly keys: Keys;
  readonly messages: Messages;
  readonly events: Events;
  readonly guard: Guard;
  readonly inbox: Inbox;
  readonly optOuts: OptOuts;
  readonly projects: Projects;
  readonly providers: Providers;
  readonly routes: Routes;
  readonly sandbox: Sandbox;
  readonly templates: Templates;
  readonly verifications: Verifications;
  readonly webhooks: Webhooks;

  constructor(runner: Runner) {
    this.agent = new Agent(runner);
    this.keys = new Keys(runner);
    this.messages = new Messages(runner);
    this.events = new Events(runner);
    this.guard = new Guard(runner);
    this.inbox = new Inbox(runner);
    this.optOuts = new OptOuts(runner);
    this.projects = new Projects(runner);
    this.providers = new Providers(runner);
    this.routes = new Routes(runner);
    this.sandbox = new Sandbox(runner);
    this.templates = new Templates(runner);
    this.verifications = new Verifications(runner);
    this.webhooks = new Webhooks(runner);
  }
}

/** Each operation of the API, and the method that calls it. */
export const OPERATIONS = {
  addOptOut: "optOuts.add",
  approveTemplate: "templates.approve",
  cancelMessage: "messages.cancel",
  changeTemplate: "templates.update",
  checkRoute: "routes.check",
  checkVerification: "verifications.check",
  createApiKey: "keys.create",
  createProject: "projects.create",
  createProvider: "providers.create",
  createTemplate: "templates.create",
  createWebhookEndpoint: "webhooks.create",
  deleteApiKey: "keys.delete",
  deleteProject: "projects.delete",
  deleteProvider: "providers.delete",
  deleteRoute: "routes.delete",
  deleteTemplate: "templates.delete",
  deleteWebhookEndpoint: "webhooks.delete",
  dryRunProvider: "providers.dryRun",
  getApiKey: "keys.get",
  getEvent: "events.get",
  getMessage: "messages.get",
  getNextStep: "agent.nextStep",
  getProject: "projects.get",
  getProvider: "providers.get",
  getProviderHealth: "providers.health",
  getRoute: "routes.get",
  getTemplate: "templates.get",
  getWebhookDelivery: "webhooks.delivery",
  getWebhookEndpoint: "webhooks.get",
  lintTemplate: "templates.lint",
  listApiKeys: "keys.list",
  listEvents: "events.list",
  listInboxMessages: "inbox.list",
  listMessages: "messages.list",
  listOptOuts: "optOuts.list",
  listProjects: "projects.list",
  listProviderTypes: "providers.types",
  listProviders: "providers.list",
  listRoutes: "routes.list",
  listSandboxMessages: "sandbox.messages",
  listTemplateVersions: "templates.versions",
  listTemplates: "templates.list",
  listTools: "agent.tools",
  listWebhookDeliveries: "webhooks.deliveries",
  listWebhookEndpoints: "webhooks.list",
  previewTemplate: "templates.preview",
  putRoute: "routes.put",
  rejectTemplate: "templates.reject",
  removeOptOut: "optOuts.remove",
  replaceTemplate: "templates.replace",
  replayWebhooks: "webhooks.replay",
  resendMessage: "messages.resend",
  rotateApiKey: "keys.rotate",
  rotateWebhookSecret: "webhooks.rotateSecret",
  sendCode: "messages.send",
  sendCustomMessage: "messages.sendCustom",
  sendMessage: "messages.send",
  setSandboxWebhook: "sandbox.setWebhook",
  streamEvents: "events.stream",
  testProvider: "providers.test",
  testWebhookEndpoint: "webhooks.test",
  unlockAddress: "guard.unlock",
  updateApiKey: "keys.update",
  updateProject: "projects.update",
  updateProvider: "providers.update",
  updateWebhookEndpoint: "webhooks.update",
} as const;
