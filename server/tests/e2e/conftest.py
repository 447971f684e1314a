"""Real servers: each test has a deployment of its own under its `tmp_path`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.deployment import Nursery, Site
from e2e.init_commands import Built, build


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where servers come from."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def deploy(tmp_path: Path, nursery: Nursery) -> Iterator[Callable[..., Site]]:
    """Makes deployments with some settings; ends what still runs in them."""
    sites: list[Site] = []

    def make(**settings: str) -> Site:
        sites.append(Site(tmp_path / f"site{len(sites) + 1}", nursery, settings))
        return sites[-1]

    yield make
    for site in sites:
        site.end()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both packages of the SDK, as they are published."""
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def site(deploy: Callable[..., Site]) -> Site:
    """A deployment with the default settings."""
    return deploy()
