"""Every operation of the API as one row; `resources.pyi` types and documents them."""

from types import new_class

from watchword.operations import Operation, Resource, W

_TEMPLATE = """send_channel_strategy route brand_name description verify_code_config
    whatsapp_config sms_config voice_config email_config pwa_config contents"""

OPERATIONS = f"""
Server.health: GET /healthz Health
Messages.send: POST /messages?code=/codes Message * to!$ template_id>template.id!
    language>template.language params>template.params channel route alternates$ ttl signals
    binding metadata purpose code$
Messages.send_custom: POST /custom-messages Message * to!$ template_id>template.id!
    code>template.params.code$ params>template.params language>template.language
Messages.get: GET /messages/{{message_id}} Message
Messages.list: GET /messages [Message] status limit
Messages.resend: POST /messages/{{message_id}}/resend Message channel
Messages.cancel: POST /messages/{{message_id}}/cancel Message
Verifications.check: POST /verifications CheckResult * message_id! code>verify_code!$ binding
Inbox.list: GET /inbox/messages [InboxMessage] to limit
Sandbox.messages: GET /sandbox/messages [InboxMessage] to limit
Sandbox.set_webhook: PUT /sandbox/webhook SandboxWebhook * url! username secret$
Events.get: GET /events/{{event_id}} Event
Events.list: GET /events [Event] type message_id limit
Events.stream: GET /events/stream ~Event type last_event_id
Guard.unlock: POST /guard/unlock - * to!$
Keys.create: POST /api-keys ApiKey * name! scopes expires_in allowed_ips project
Keys.list: GET /api-keys [ApiKey]
Keys.get: GET /api-keys/{{dev_key}} ApiKey
Keys.update: PATCH /api-keys/{{dev_key}} ApiKey * name disabled allowed_ips scopes
Keys.delete: DELETE /api-keys/{{dev_key}} -
Keys.rotate: POST /api-keys/{{dev_key}}/rotate ApiKey * overlap
Projects.create: POST /projects Project * name! mode
Projects.list: GET /projects [Project]
Projects.get: GET /projects/{{project_id}} Project
Projects.update: PATCH /projects/{{project_id}} Project * name mode limits link_domains marketing
    daily_budget low_balance
Projects.delete: DELETE /projects/{{project_id}} -
Templates.list: GET /template-configs [Template]
Templates.get: GET /template-configs/{{template_id}} Template
Templates.create: POST /template-configs - * template_id! {_TEMPLATE}
Templates.lint: POST /template-configs/lint LintReport * template_id! **parts
Templates.update: PATCH /template-configs/{{template_id}} Template * {_TEMPLATE}
Templates.replace: PUT /template-configs/{{template_id}} Template **parts
Templates.delete: DELETE /template-configs/{{template_id}} -
Templates.versions: GET /template-configs/{{template_id}}/versions [TemplateVersion]
Templates.preview: POST /template-configs/{{template_id}}/preview TemplatePreview * channel language
    params version country
Templates.approve: POST /template-configs/{{template_id}}/approve Template * remark version
Templates.reject: POST /template-configs/{{template_id}}/reject Template * remark! version
Webhooks.create: POST /webhook-endpoints WebhookEndpoint * url! description event_types dialect
    secret$ username authorization$
Webhooks.list: GET /webhook-endpoints [WebhookEndpoint]
Webhooks.get: GET /webhook-endpoints/{{endpoint_id}} WebhookEndpoint
Webhooks.update: PATCH /webhook-endpoints/{{endpoint_id}} WebhookEndpoint * url description
    event_types disabled username authorization$
Webhooks.delete: DELETE /webhook-endpoints/{{endpoint_id}} -
Webhooks.rotate_secret: POST /webhook-endpoints/{{endpoint_id}}/rotate-secret WebhookEndpoint *
    overlap secret$
Webhooks.test: POST /webhook-endpoints/{{endpoint_id}}/test Ping
Webhooks.deliveries: GET /webhook-endpoints/{{endpoint_id}}/deliveries [WebhookDelivery] * status
    since until limit
Webhooks.delivery: GET /webhook-endpoints/{{endpoint_id}}/deliveries/{{event_id}} WebhookDelivery
Webhooks.replay: POST /webhook-endpoints/{{endpoint_id}}/replay Replay * event_ids status since
    until limit cursor
Routes.list: GET /routes [Route]
Routes.get: GET /routes/{{route_id}} Route
Routes.put: PUT /routes/{{route_id}} Route * steps short_form description
Routes.check: POST /routes/check RouteReport route_id * steps short_form template_id to$
    alternate_email>alternates.email$
Routes.delete: DELETE /routes/{{route_id}} -
Providers.types: GET /provider-types [ProviderType]
Providers.create: POST /providers Provider * name! provider! settings$ weight disabled
Providers.list: GET /providers [Provider]
Providers.get: GET /providers/{{provider_id}} Provider
Providers.update: PATCH /providers/{{provider_id}} Provider * settings$ unset weight disabled
Providers.delete: DELETE /providers/{{provider_id}} -
Providers.test: POST /providers/{{provider_id}}/test ProviderTest * to!$ channel
Providers.health: GET /providers/{{provider_id}}/health ProviderHealth * checkup
Providers.dry_run: POST /providers/{{provider_id}}/dry-run ProviderPreview * to!$ channel
OptOuts.list: GET /opt-outs [OptOut] to limit
OptOuts.add: POST /opt-outs +OptOut * to!$ channels
OptOuts.remove: DELETE /opt-outs #removed * to!$ channel
Agent.next_step: GET /agent/next-step NextStep
Agent.tools: GET /tools ToolList * format
"""

GROUPS: dict[str, type] = {}
for _row in OPERATIONS.replace("\n    ", " ").strip().splitlines():
    _name, _, _spec = _row.partition(": ")
    _group, _, _method = _name.partition(".")
    if _group not in GROUPS:
        GROUPS[_group] = new_class(_group, (Resource[W],))
        GROUPS[_group].__module__ = __name__
    setattr(GROUPS[_group], _method, Operation(_name, _spec))
globals().update(GROUPS)
