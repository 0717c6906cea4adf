"""A real container runtime and base images made on this machine. Nothing here is skipped: what
cannot be set up is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from covlint.runner.toolchain import Toolchain
from engines.base_images import CannotMake, Maker, find_runtime
from engines.clusters import kubectl, provider, two_nodes
from engines.failures import rates

#: The last of helm 3 that builds with the Go that the project asks for.
HELM = "helm.sh/helm/v3/cmd/helm@v3.16.4"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder is the tier that `make test-engines` runs."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("engines")


@pytest.fixture(scope="session")
def runtime() -> str:
    """podman or docker, whichever answers."""
    try:
        return find_runtime()
    except CannotMake as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def base_images(runtime: str) -> Callable[..., None]:
    """Call it with the names that a test's Dockerfiles build on."""

    def ensure(*names: str) -> None:
        try:
            Maker(runtime).ensure(*names)
        except CannotMake as error:
            pytest.fail(str(error))

    return ensure


@pytest.fixture(scope="session")
def kind() -> str:
    found = shutil.which("kind")
    if found is None:
        pytest.fail("kind is not on PATH")
    return found


@pytest.fixture(scope="session")
def cluster(kind: str, runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a cluster for every test that needs none of its own: ``COVLINT_TEST_CLUSTER``,
    one with the same mounts, or one that is made and deleted."""
    given = os.environ.get("COVLINT_TEST_CLUSTER")
    if given:
        yield given
        return
    try:
        with two_nodes(runtime, tmp_path_factory.mktemp("cluster")) as made:
            yield made.name
    except CannotMake as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def elsewhere(
    cluster: str, kind: str, runtime: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A kubeconfig in which the cluster has a name that says nothing of Kind."""
    kubeconfig = tmp_path_factory.mktemp("elsewhere") / "kubeconfig"
    words = [kind, "export", "kubeconfig", "--name", cluster, "--kubeconfig", str(kubeconfig)]
    subprocess.run(words, check=True, capture_output=True, env=provider(runtime))
    kubectl(kubeconfig, "config", "rename-context", f"kind-{cluster}", "elsewhere")
    return kubeconfig


@pytest.fixture(scope="session")
def helm(toolchain: Toolchain) -> str:
    """The folder of a real helm."""
    found = shutil.which("helm")
    if found is not None:
        return os.path.dirname(found)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "covlint-tests" / HELM.rpartition("@")[2]
    if not (folder / "helm").exists():
        settings = {"GOBIN": str(folder), "GOFLAGS": "", "GOTOOLCHAIN": "local"}
        command = [toolchain.go, "install", HELM]
        subprocess.run(command, env={**os.environ, **settings}, check=True, timeout=900)
    return str(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many failures were named rightly, and how many healthy services nothing."""
    for line in rates(terminalreporter.stats):
        terminalreporter.write_line(line)
