"""One transaction over one cursor: the aggregates, side by side."""

import apsw

from watchword_server.storage.addresses import AddressRows, InboxRows
from watchword_server.storage.alerts import AlertRows, TallyRows
from watchword_server.storage.deferred import Deferred
from watchword_server.storage.deliveries import DeliveryRows, EventRows, WorkRows
from watchword_server.storage.idempotency import IdempotencyKeyRows
from watchword_server.storage.inbound import IncomingRows, OptOutRows, ReportRows
from watchword_server.storage.oauth import AuthorizationRows, GrantRows
from watchword_server.storage.projects import ApiKeyRows, ProjectRows, RouteRows, TemplateRows
from watchword_server.storage.providers import ProviderAccountRows
from watchword_server.storage.verifications import LiveRows, VerificationRows
from watchword_server.storage.webhooks import WebhookDeliveryRows, WebhookEndpointRows


class Rows:
    """`ports.Transaction` on SQLite; made once per connection."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self.deferred = Deferred(cursor)
        self.live = LiveRows(cursor)
        self.verifications = VerificationRows(cursor, self.deferred)
        self.deliveries = DeliveryRows(cursor, self.deferred)
        self.events = EventRows(cursor, self.deferred)
        self.work = WorkRows(cursor, self.deferred)
        self.addresses = AddressRows(cursor)
        self.inbox = InboxRows(cursor, self.deferred)
        self.projects = ProjectRows(cursor, self.deferred)
        self.api_keys = ApiKeyRows(cursor)
        self.templates = TemplateRows(cursor)
        self.routes = RouteRows(cursor)
        self.idempotency_keys = IdempotencyKeyRows(cursor)
        self.webhook_endpoints = WebhookEndpointRows(cursor, self.deferred)
        self.webhook_deliveries = WebhookDeliveryRows(cursor, self.deferred)
        self.provider_accounts = ProviderAccountRows(cursor)
        self.reports = ReportRows(cursor, self.deferred)
        self.incoming = IncomingRows(cursor)
        self.opt_outs = OptOutRows(cursor)
        self.alerts = AlertRows(cursor)
        self.tallies = TallyRows(cursor, self.deferred)
        self.authorizations = AuthorizationRows(cursor)
        self.grants = GrantRows(cursor)
