"""What many tests need: a clock that stands still."""

import pytest

from watchword_server.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Time that only the test moves."""
    return ManualClock()
