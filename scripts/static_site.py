"""Builds the documentation as a static site: the pages that a server serves, in build/site.

python scripts/static_site.py [https://docs.example.com]
"""

import os
import posixpath
import shutil
import subprocess
import sys
from pathlib import Path

import tracked
from watchword_server.api import openapi
from watchword_server.api.site import links
from watchword_server.api.site.pages import WRITTEN_FOR, Library, Page

_CONFIGURATION = """\
[project]
site_name = "Watchword"
site_url = "{url}"
docs_dir = "pages"
site_dir = "site"
nav = [
{nav}]
"""


def written(library: Library, folder: Path) -> str:
    """Write every page below `folder`; the navigation, as the configuration has it."""
    for page in library.pages.values():
        file = folder / f"{page.name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_linked(library, page), encoding="utf-8")
    shutil.copyfile(folder / "agents.md", folder / "index.md")
    nav = ['  { "Watchword" = "index.md" },\n']
    for section, pages in library.sections():
        inside = ", ".join(f'{{ "{_quoted(page.title)}" = "{page.name}.md" }}' for page in pages)
        nav.append(f'  {{ "{section.title}" = [{inside}] }},\n')
    return "".join(nav)


def _quoted(title: str) -> str:
    return title.replace("\\", "\\\\").replace('"', '\\"')


def _linked(library: Library, page: Page) -> str:
    """A page whose links lead to files; to what only a server has they are plain words."""

    def where(to: str) -> str | None:
        found = links.target(page.name, to, library.pages, "")
        if found is None or not found.startswith("/"):
            return found
        path, mark, fragment = found.partition("#")
        name = path.removeprefix("/docs/")
        if name not in library.pages:
            return None
        here = posixpath.dirname(page.name) or "."
        return f"{posixpath.relpath(f'{name}.md', here)}{mark}{fragment}"

    return links.rewritten(page.text, where)


def main() -> int:
    url = sys.argv[1] if len(sys.argv) > 1 else WRITTEN_FOR
    folder = tracked.ROOT / "build/site-source"
    shutil.rmtree(folder, ignore_errors=True)
    library = Library(WRITTEN_FOR, openapi.document(WRITTEN_FOR))
    nav = written(library, folder / "pages")
    (folder / "zensical.toml").write_text(_CONFIGURATION.format(url=url, nav=nav))
    program = Path(sys.executable).parent / "zensical"
    done = subprocess.run(
        [str(program), "build", "--strict"], cwd=folder, check=False,
        env=os.environ | {"NO_COLOR": "1"},
    )  # fmt: skip
    if done.returncode == 0:
        shutil.rmtree(tracked.ROOT / "build/site", ignore_errors=True)
        shutil.move(folder / "site", tracked.ROOT / "build/site")
        print(f"{len(library.pages)} pages in build/site")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
