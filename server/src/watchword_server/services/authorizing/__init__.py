"""Access of MCP clients by OAuth: who asks, what an operator grants, the tokens of it."""

from watchword_server.services.authorizing.clients import Clients
from watchword_server.services.authorizing.requests import Asked, Requests
from watchword_server.services.authorizing.tokens import Issued, Proven, Tokens

__all__ = ["Asked", "Clients", "Issued", "Proven", "Requests", "Tokens"]
