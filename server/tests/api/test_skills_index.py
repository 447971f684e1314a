"""The well-known indexes of skills: digests that hold, archives that are the files."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from watchword_server.api import openapi
from watchword_server.api.site import skills
from watchword_server.api.site.site import Site

URL = "https://otp.example.com"


def site() -> Site:
    return Site(URL, lambda: openapi.document(URL))


def body(of: Site, path: str) -> bytes:
    found = of.find(path, b"")
    assert found is not None, path
    return found.body


def unpacked(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = [(member.name, tar.extractfile(member)) for member in tar.getmembers()]
        return {name: file.read() for name, file in members if file is not None}


def digest_holds(row: dict[str, str], content: bytes) -> bool:
    return row["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_each_archive_has_its_digest_and_is_the_skill_byte_for_byte() -> None:
    served = site()
    index = json.loads(body(served, skills.INDEX))
    assert {row["name"] for row in index["skills"]} == {each.name for each in skills.skills()}
    for row, skill in zip(index["skills"], skills.skills(), strict=True):
        content = body(served, f"/.well-known/agent-skills/{row['url']}")
        assert digest_holds(row, content)
        assert unpacked(content) == dict(skill.files)


def test_another_archive_mutant_is_caught() -> None:
    row = json.loads(skills.index())["skills"][0]
    skill = skills.skills()[0]
    other = skill._replace(files={**skill.files, "SKILL.md": b"---\nname: other\n---\n"})
    assert not digest_holds(row, skills.archive(other))


def test_an_archive_is_the_same_bytes_each_time_it_is_made() -> None:
    for skill in skills.skills():
        assert skills.archive(skill) == skills.archive(
            skills.read(skills.skills_folder() / skill.name)
        )


def test_the_older_index_leads_to_every_file() -> None:
    served = site()
    for row in json.loads(body(served, skills.OLDER_INDEX))["skills"]:
        assert "SKILL.md" in row["files"]
        for file in row["files"]:
            path = skills.skills_folder() / row["name"] / file
            assert body(served, f"/.well-known/skills/{row['name']}/{file}") == path.read_bytes()


def test_what_a_run_leaves_behind_is_not_shipped(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    (folder / "scripts/__pycache__").mkdir(parents=True)
    (folder / "scripts/__pycache__/x.pyc").write_bytes(b"x")
    (folder / "SKILL.md").write_text("---\nname: made\ndescription: Made.\n---\n")
    assert list(skills.read(folder).files) == ["SKILL.md"]


@pytest.mark.parametrize("path", ["../settings.py", "watchword-quickstart", "nothing/SKILL.md"])
def test_nothing_else_is_served(path: str) -> None:
    assert site().find(f"/.well-known/skills/{path}", b"") is None
