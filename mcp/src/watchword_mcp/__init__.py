"""MCP over stdio, passed on to a Watchword server."""

__version__ = "0.1.0"
