"""Provider accounts: which one carries the next message, and how each is doing."""

from watchword_server.services.accounts.choosing import Candidate, Choosing

__all__ = ["Candidate", "Choosing"]
