"""`make site`: the documentation as static files, without a warning."""

import subprocess
import sys
from pathlib import Path

import pytest

import tracked

SCRIPT = """
import sys
sys.path.insert(0, {scripts!r})
import static_site, tracked
from watchword_server.api.site import sources
from pathlib import Path
tracked.ROOT = Path({folder!r})
pages = sources.written()
pages["sandbox"] += {more!r}
sources.written = lambda: pages
sys.argv = ["static_site"]
sys.exit(static_site.main())
"""


def built(folder: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(scripts=str(tracked.ROOT / "scripts"), folder=str(folder), more=more)
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.long
def test_the_documentation_builds_as_a_static_site_without_a_warning(tmp_path: Path) -> None:
    said = built(tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    for page in ("index.html", "quickstart/index.html", "errors/rate-limited/index.html"):
        assert "<h1" in (tmp_path / "build/site" / page).read_text(encoding="utf-8")


@pytest.mark.long
def test_a_heading_that_is_not_there_mutant_is_caught(tmp_path: Path) -> None:
    assert built(tmp_path, "\n[gone](webhooks.md#no-such-heading)\n").returncode != 0
