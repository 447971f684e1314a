"""Watchword: a self-hosted platform for one-time codes."""

__version__ = "0.1.0"
