"""One transaction over one cursor: the aggregates, side by side."""

import apsw

from watchword_server.storage.addresses import AddressRows, InboxRows
from watchword_server.storage.deliveries import DeliveryRows, EventRows, WorkRows
from watchword_server.storage.projects import ApiKeyRows, ProjectRows, TemplateRows
from watchword_server.storage.verifications import LiveRows, VerificationRows


class Rows:
    """`ports.Transaction` on SQLite; made once per connection."""

    def __init__(self, cursor: apsw.Cursor) -> None:
        self.live = LiveRows(cursor)
        self.verifications = VerificationRows(cursor)
        self.deliveries = DeliveryRows(cursor)
        self.events = EventRows(cursor)
        self.work = WorkRows(cursor)
        self.addresses = AddressRows(cursor)
        self.inbox = InboxRows(cursor)
        self.projects = ProjectRows(cursor)
        self.api_keys = ApiKeyRows(cursor)
        self.templates = TemplateRows(cursor)
