"""Every record as one row; `models.pyi` types and documents them.

A member is followed by what it is: ! required, @ a time, * a tuple, {} an object, % an object or
None, = its default (else None).  One with a - before it is in no repr.
"""

from watchword.records import Record, record

RECORDS = """
Message: message_id! status=pending send_channel expires_at@ resend_after mode assurance -to
    template_id language purpose created_at@ ended_at@ sends checks checks_left -verification_url
    -metadata% -deliveries* -timeline* -messages*
CheckResult: message_id! verified! status checks_left assurance
InboxMessage: message_id! -to -code -text channel at@
SandboxWebhook: url! username verified=False mode
Template: template_id! description send_channel_strategy route brand_name status audit_remark
    version change% category -contents{} -findings*
TemplateVersion: version! in_use=False status audit_remark reviewed_by submitted_at@ reviewed_at@
    -contents{}
LintReport: passed! findings*
TemplatePreview: template_id! version -data*
ApiKey: dev_key! name -dev_secret -bearer project_id scopes* disabled=False allowed_ips*
    expires_at@ created_at@
Project: project_id! name mode limits{} link_domains* marketing% daily_budget low_balance
    created_at@
Event: type! id timestamp@ project_id data{}
Callback: total! -rows*
WebhookEndpoint: endpoint_id! url -secret description event_types* dialect verified=False
    disabled=False disabled_reason failing_since@ paused_until@ previous_secret_until@ username
    deliveries{} created_at@ updated_at@
WebhookDelivery: event_id! event_type sequence status attempts=0 next_attempt_at@ last_status
    last_error created_at@ updated_at@ -event% -log*
Ping: succeeded! status error duration_ms
Replay: replayed! total next_cursor
Health: status! version
ProviderType: name! description channels* reports=False docs_url settings*
Provider: provider_id! name provider channels* reports=False -settings{} secrets_set* weight
    disabled=False broken health callback_url created_at@ updated_at@
ProviderTest: accepted! outcome channel reference reason advice duration_ms
ProviderHealth: provider_id! state errors=0 total=0 opened_at@ probe_at@ broken checkup%
ProviderPreview: provider_id! -request{}
Route: route_id! description steps* short_form templates* created_at@ updated_at@
RouteReport: valid! problems* chosen*
OptOut: opt_out_id! channel! -to source created_at@
NextStep: step! why action command doc_url done* mode
ToolList: tools* format
"""
_rows = (row.split(":") for row in RECORDS.replace("\n    ", " ").strip().splitlines())
MODELS: dict[str, type[Record]] = {name: record(name, members) for name, members in _rows}
globals().update(MODELS)
__all__ = list(MODELS)
