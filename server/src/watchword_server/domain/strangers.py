"""What callers with the public keys may hold: each has a hidden project, and all are strangers.

A hidden project is told by its id alone, so that no path has to look the project up.
"""

from watchword_server.domain import ids

ENDPOINTS = 2
REPLAYED = 100
"""Webhooks that one call posts again."""
STREAMS = 4
TEMPLATES = 20
VERSIONS = 20
SHARE = 4
"""All strangers together have one of so many places for webhooks under way and for streams."""
_EPOCH = bytes(6)
"""The instant in the id of a hidden project; every other was made later than 1970."""


def project_id(digest: bytes) -> bytes:
    """The id of the hidden project of whom a keyed digest stands for."""
    return ids.make(0, digest[:10])


def owns(project: bytes) -> bool:
    """Whether a project is a hidden one."""
    return project.startswith(_EPOCH)


def most(project: bytes, theirs: int, ordinary: int) -> int:
    """How many of something a project may have."""
    return theirs if owns(project) else ordinary
