"""The changes that set a project up.  A file that is somebody's gets lines, never other ones."""

import base64
import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from watchword.init import agents
from watchword.init.detection import TABLE, Project
from watchword.init.manifests import ended, with_dependency

_SECRET_BYTES = 24
_PAIR = ("WATCHWORD_DEV_KEY", "WATCHWORD_DEV_SECRET")


@dataclass(frozen=True)
class Change:
    """One file as it is (None: there is none) and as it will be."""

    path: Path
    before: str | None
    after: str

    def diff(self, folder: Path) -> str:
        """The change as a unified diff."""
        name = self.path.relative_to(folder).as_posix()
        old = "/dev/null" if self.before is None else f"a/{name}"
        lines = difflib.unified_diff(
            (self.before or "").splitlines(True), self.after.splitlines(True), old, f"b/{name}"
        )
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def changes(project: Project, url: str, entropy: Callable[[int], bytes]) -> list[Change]:
    """What is to be done; nothing when everything is there."""
    found = [*_manifest(project), *_environment(project.folder, url, entropy), *_routes(project)]
    for name, table in agents.MCP_FILES.items():
        path = project.folder / name
        found.append(_changed(path, agents.with_entry(_read(path), table, url)))
    found += [
        Change(path, None, text)
        for name, text in agents.skills()
        if not (path := project.folder / name).exists()
    ]
    return [each for each in found if each.before != each.after]


def routes(project: Project) -> dict[str, str]:
    """The files with the routes, by where they go."""
    app = "src/app" if (project.folder / "src").is_dir() else "app"
    typed = (project.folder / "tsconfig.json").is_file()
    places = {"{app}": app, "{js}": "ts" if typed else "js", "{mjs}": "mjs"}
    if project.framework == "express" and not _is_module(project):
        places["{mjs}"] = "cjs"
    made = {}
    for place, template in project.row["files"].items():
        text = (resources.files("watchword.init") / f"templates/{template}.txt").read_text("utf-8")
        for mark, word in places.items():
            place = place.replace(mark, word)
        made[place] = _in_dialect(text, place.rpartition(".")[2])
    return made


def mounting(project: Project) -> list[str]:
    """The lines that the user adds so that the routes are served."""
    loads = {
        True: 'import { router } from "./watchword-routes.mjs";',
        False: 'const { router } = require("./watchword-routes.cjs");',
    }
    if project.framework != "express":
        return list(project.row["mount"])
    return [line.replace("{import}", loads[_is_module(project)]) for line in project.row["mount"]]


def _in_dialect(text: str, ending: str) -> str:
    text = re.sub(r"/\*(: \w+)\*/", r"\1" if ending == "ts" else "", text)
    if ending == "cjs":
        text = re.sub(r'^import (.+) from "(.+)";$', r'const \1 = require("\2");', text, flags=re.M)
        text = text.replace("export const router", "const router")
        text += "\nmodule.exports = { router };\n"
    return text


def _is_module(project: Project) -> bool:
    manifest = json.loads(project.manifest.read_text(encoding="utf-8"))
    return bool(manifest.get("type") == "module")


def _manifest(project: Project) -> Iterator[Change]:
    before = _read(project.manifest)
    yield Change(project.manifest, before, with_dependency(project, before or ""))


def _environment(folder: Path, url: str, entropy: Callable[[int], bytes]) -> Iterator[Change]:
    before = _read(folder / ".env")
    there = set(re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", before or "", re.MULTILINE))
    secret = "whsec_" + base64.b64encode(entropy(_SECRET_BYTES)).decode()
    wanted = {**TABLE["env"], "WATCHWORD_URL": url, "WATCHWORD_WEBHOOK_SECRET": secret}
    if there & set(_PAIR):  # half of somebody's key fits no half of ours
        there |= set(_PAIR)
    lines = [f"{name}={value}\n" for name, value in wanted.items() if name not in there]
    after = ended(before or "") + "".join(lines)
    yield Change(folder / ".env", before, after)
    ignored = _read(folder / ".gitignore")
    rules = {line.strip().lstrip("/") for line in (ignored or "").splitlines()}
    if not rules & {".env", ".env*", "*.env"}:
        yield Change(folder / ".gitignore", ignored, ended(ignored or "") + ".env\n")


def _routes(project: Project) -> Iterator[Change]:
    for place, text in routes(project).items():
        path = project.folder / place
        if not path.exists():
            yield Change(path, None, text)


def _changed(path: Path, after: str) -> Change:
    return Change(path, _read(path), after)


def _read(path: Path) -> str | None:
    # As bytes: the ends of somebody's lines stay as they are.
    return path.read_bytes().decode("utf-8") if path.is_file() else None
