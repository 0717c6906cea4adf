"""What Python files and Tiltfiles say: fixtures, test harnesses, deployment scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covlint.diagnostics import Unread
from covlint.facts.commands.script_builds import may_build_for_coverage
from covlint.source import SourceFile

if TYPE_CHECKING:
    from covlint.facts.commands.steps import ScriptFact
    from covlint.facts.kubernetes.made_manifests import Manifest

_MATTERS = re.compile(
    rb"GOCOVERDIR|(?i:cov(?:er)?data|coverdir)|--build-arg|buildargs|build_args|extraMounts|covdata"
    rb"|\bV1(?:Container|PodSpec|Pod)\b|[\"']containers[\"']|\bimages\.build\b|kind\.x-k8s\.io"
    rb"|\b(?:docker|podman|nerdctl|buildah)[\"']?,?\s*[\"']?(?:buildx\b[\"', ]*)?(?:build|cp)\b"
    rb"|containers\.(?:run|create)\b|(?:requests|httpx|session)\.(?:get|post)\([^\n]*/[\w/-]*cov"
    rb"|urlopen\([^\n]*/[\w/-]*cov|\bDockerContainer\b|load_docker_image|kind[\"']?,?\s*[\"']?(?:load|create)\b|ontainers:"
)
_TILT = re.compile(rb"docker_build|custom_build|k8s_yaml|local_resource|\blocal\(")
#: What makes a file worth reading before anything else says that an image is instrumented.
_SPEAKS = re.compile(
    rb"GOCOVERDIR|(?i:cov(?:er)?data|coverdir)|-cover\b|-coverpkg|covlint:|kind\.x-k8s\.io"
)


def may_matter(data: bytes) -> bool:
    """Whether a Python file has words of images, manifests, coverage data or builds for it."""
    return _MATTERS.search(data) is not None or may_build_for_coverage(data)


def tiltfile_may_matter(data: bytes) -> bool:
    return _TILT.search(data) is not None


def says_nothing_of_coverage(data: bytes) -> bool:
    """Whether only a project with instrumented images has to read the file."""
    return _SPEAKS.search(data) is None


def read_python(source: SourceFile) -> tuple[tuple[Manifest | ScriptFact, ...], tuple[Unread, ...]]:
    """The facts of a Python file. Raises UnreadableSource, and nothing else."""
    return _read(source, tilt=False)


def read_tiltfile(
    source: SourceFile,
) -> tuple[tuple[Manifest | ScriptFact, ...], tuple[Unread, ...]]:
    """The facts of a Tiltfile. Raises UnreadableSource, and nothing else."""
    return _read(source, tilt=True)


def syntax_error(source: SourceFile) -> str | None:
    """Why a file is not Python; None when it is. Raises UnreadableSource."""
    from covlint.documents.python import PythonError, open_python  # loads the Python parser

    try:
        open_python(source)
    except PythonError as error:
        return str(error)
    return None


def _read(
    source: SourceFile, *, tilt: bool
) -> tuple[tuple[Manifest | ScriptFact, ...], tuple[Unread, ...]]:
    from covlint.facts.python.glance import may_say_something

    if not tilt and not may_say_something(source.text):
        return (), ()
    from covlint.documents.python import PythonError, open_python  # loads the Python parser
    from covlint.documents.pythontext import PythonTexts
    from covlint.documents.scriptvalues import ROOT
    from covlint.facts.python.calls import read_calls
    from covlint.facts.python.commands import read_commands
    from covlint.facts.python.containers import read_containers
    from covlint.facts.python.manifests import read_manifests
    from covlint.facts.python.objects import read_objects
    from covlint.facts.python.started import read_started_programs
    from covlint.facts.python.tiltfile import read_tilt

    try:
        file = open_python(source)
        folder = source.path.rpartition("/")[0]
        texts = PythonTexts(file, f"{ROOT}/{folder}" if tilt and folder else ROOT)
        manifests, unread = read_manifests(texts)
        facts: list[Manifest | ScriptFact] = [*manifests, *read_objects(texts)]
        if tilt:
            facts.extend(read_tilt(texts))
        else:
            facts.extend(dict.fromkeys((*read_commands(texts), *read_calls(texts))))
            facts.extend(read_containers(texts))
            facts.extend(read_started_programs(texts))
    except PythonError as error:
        what = "Tiltfile" if tilt else "Python"
        return (), (Unread(source.path, f"invalid {what}: {error}"),)
    except RecursionError:
        return (), (Unread(source.path, "nested too deeply"),)
    return tuple(facts), tuple(unread)
