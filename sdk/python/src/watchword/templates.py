"""Templates: what messages say, written and reviewed by version."""

from collections.abc import Mapping
from typing import Any

from watchword.models import LintReport, Template, TemplatePreview, TemplateVersion
from watchword.protocol import Call, Listing, listing, nothing, segment
from watchword.resources import Resource, W, operation, paginated

Config = Mapping[str, Any]


class Templates(Resource[W]):
    """Write templates, look at them before they are sent, review them.

    The configurations are those of the API (docs/templates.md); `contents` maps a channel and a
    language to `{"text": ..., "subject": ..., "html": ...}`.
    """

    @paginated
    def list(self) -> Listing[Template]:
        """Every template, without its content."""
        return listing("/template-configs", Template)

    @operation
    def get(self, template_id: str) -> Call[Template]:
        """One template with its content, in the version that is in use."""
        return Call("GET", _path(template_id), Template.from_wire)

    @operation
    def create(
        self,
        *,
        template_id: str,
        send_channel_strategy: str | None = None,
        route: str | None = None,
        brand_name: str | None = None,
        description: str | None = None,
        verify_code_config: Config | None = None,
        whatsapp_config: Config | None = None,
        sms_config: Config | None = None,
        voice_config: Config | None = None,
        email_config: Config | None = None,
        pwa_config: Config | None = None,
        contents: Mapping[str, Mapping[str, Config]] | None = None,
    ) -> Call[None]:
        """Submit a new template; `get` says whether it is approved already.

        It is sent by its `send_channel_strategy`, or by a saved `route`.

        Raises:
            BadRequest: the lint found something; `extra["rule"]` says what.
            Conflict: the id is taken.
        """
        body = {
            "template_id": template_id,
            "send_channel_strategy": send_channel_strategy,
            "route": route,
            "brand_name": brand_name,
            "description": description,
            "verify_code_config": verify_code_config,
            "whatsapp_config": whatsapp_config,
            "sms_config": sms_config,
            "voice_config": voice_config,
            "email_config": email_config,
            "pwa_config": pwa_config,
            "contents": contents,
        }
        return Call("POST", "/template-configs", nothing, body=body)

    @operation
    def lint(self, /, *, template_id: str, **parts: Any) -> Call[LintReport]:
        """What the policy says about a template, with the arguments of `create`; saves nothing."""
        body = {"template_id": template_id, **parts}
        return Call("POST", "/template-configs/lint", LintReport.from_wire, body=body)

    @operation
    def update(
        self,
        template_id: str,
        *,
        send_channel_strategy: str | None = None,
        route: str | None = None,
        brand_name: str | None = None,
        description: str | None = None,
        verify_code_config: Config | None = None,
        whatsapp_config: Config | None = None,
        sms_config: Config | None = None,
        voice_config: Config | None = None,
        email_config: Config | None = None,
        pwa_config: Config | None = None,
        contents: Mapping[str, Mapping[str, Config]] | None = None,
    ) -> Call[Template]:
        """Submit a new version with what is given changed; what is approved stays in use."""
        body = {
            "send_channel_strategy": send_channel_strategy,
            "route": route,
            "brand_name": brand_name,
            "description": description,
            "verify_code_config": verify_code_config,
            "whatsapp_config": whatsapp_config,
            "sms_config": sms_config,
            "voice_config": voice_config,
            "email_config": email_config,
            "pwa_config": pwa_config,
            "contents": contents,
        }
        return Call("PATCH", _path(template_id), Template.from_wire, body=body)

    @operation
    def replace(self, /, template_id: str, **parts: Any) -> Call[Template]:
        """Submit a new version that is wholly what is given, with the arguments of `create`."""
        return Call("PUT", _path(template_id), Template.from_wire, body=parts)

    @operation
    def delete(self, template_id: str) -> Call[None]:
        """Delete a template with all its versions."""
        return Call("DELETE", _path(template_id), nothing)

    @paginated
    def versions(self, template_id: str) -> Listing[TemplateVersion]:
        """The versions of a template with their reviews, newest first."""
        return listing(f"{_path(template_id)}/versions", TemplateVersion)

    @operation
    def preview(
        self,
        template_id: str,
        *,
        channel: str | None = None,
        language: str | None = None,
        params: Mapping[str, str] | None = None,
        version: int | None = None,
        country: str | None = None,
    ) -> Call[TemplatePreview]:
        """The newest version as it would be sent, with segments and cost; sends nothing."""
        body = {
            "channel": channel,
            "language": language,
            "params": params,
            "version": version,
            "country": country,
        }
        path = f"{_path(template_id)}/preview"
        return Call("POST", path, TemplatePreview.from_wire, body=body)

    @operation
    def approve(
        self, template_id: str, *, remark: str | None = None, version: int | None = None
    ) -> Call[Template]:
        """An operator's yes, with a key that has the scope `templates:review`."""
        body = {"remark": remark, "version": version}
        return Call("POST", f"{_path(template_id)}/approve", Template.from_wire, body=body)

    @operation
    def reject(
        self, template_id: str, *, remark: str, version: int | None = None
    ) -> Call[Template]:
        """An operator's no; the project reads the remark as `audit_remark`."""
        body = {"remark": remark, "version": version}
        return Call("POST", f"{_path(template_id)}/reject", Template.from_wire, body=body)


def _path(template_id: str) -> str:
    return f"/template-configs/{segment(template_id)}"
