"""Handing messages over, and what follows: the worker's side of a verification.

`claiming` takes due work in one commit, before any hand-over begins; `handing_over` calls the
provider with no transaction open; `recording` writes what came of it; `following` takes the
route's next decision.  A claim whose lease ran out may have been handed over: it is taken as
uncertain, never simply repeated.
"""

from watchword_server.services.delivering.service import Delivering

__all__ = ["Delivering"]
