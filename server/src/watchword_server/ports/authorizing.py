"""What the store keeps of OAuth: requests of clients, grants, and their tokens."""

from collections.abc import Sequence
from typing import Protocol

from watchword_server.domain.oauth import Authorization, Grant, Token


class Authorizations(Protocol):
    """Requests for access.  Nobody's until an operator decides, so they are found by what their
    browser, an operator or a client holds."""

    def insert(self, authorization: Authorization, most_pending: int) -> bool:
        """Add it, unless so many wait already (then False)."""
        ...

    def get(self, id: bytes) -> Authorization | None: ...
    def by_word(self, word: str) -> Authorization | None: ...
    def by_link(self, link: bytes) -> Authorization | None: ...
    def by_ticket(self, ticket: bytes) -> Authorization | None: ...

    def pending(self, now: int) -> Sequence[Authorization]:
        """Those that wait for an operator, oldest first."""
        ...

    def offer(self, authorization: Authorization, now: int) -> bool:
        """Keep the link, and what it will grant, of one that still waits (else False)."""
        ...

    def decide(self, authorization: Authorization, now: int) -> bool:
        """Keep the decision on one that still waits (else False), and forget its link."""
        ...

    def issue(self, id: bytes, ticket: bytes, until: int, now: int) -> bool:
        """Give an approved one its ticket, in place of an earlier one nobody has used."""
        ...

    def spend(self, ticket: bytes, api_key: bytes, now: int) -> bool:
        """Exchange a ticket; False unless it is good, and was never exchanged."""
        ...

    def sweep(self, before: int) -> int:
        """Forget those that ended before then; how many went."""
        ...


class Grants(Protocol):
    """What clients have of a project, and the tokens of it."""

    def insert(self, grant: Grant) -> None: ...
    def get(self, project: bytes, api_key: bytes) -> Grant | None: ...
    def of(self, project: bytes) -> Sequence[Grant]: ...

    def remove(self, project: bytes, api_key: bytes) -> bool:
        """End it, with all its tokens."""
        ...

    def add_token(self, token: Token) -> None: ...

    def token(self, digest: bytes) -> Token | None:
        """A token of any project: authentication starts here."""
        ...

    def spend_token(self, project: bytes, api_key: bytes, digest: bytes, now: int) -> bool:
        """Exchange a refresh token; False unless it is good, and was never exchanged."""
        ...

    def sweep(self, before: int) -> int:
        """Forget tokens that ended before then; how many went."""
        ...
