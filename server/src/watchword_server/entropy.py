"""Random bytes from the operating system, fetched in pages.

A call of the system for each nonce of the hot path costs more than sealing with it.  A fork would
share the page, so whoever forks makes another `PagedEntropy`.
"""

import os

_PAGE_BYTES = 4_096


class PagedEntropy:
    """`ports.Entropy` for production; not for several threads at once."""

    def __init__(self) -> None:
        self._page = b""
        self._used = 0

    def __call__(self, count: int) -> bytes:
        """`count` bytes that were never given out before."""
        end = self._used + count
        if end > len(self._page):
            self._page, self._used, end = os.urandom(max(_PAGE_BYTES, count)), 0, count
        taken = self._page[self._used : end]
        self._used = end
        return taken
