"""Each failure that containers and clusters show is provoked there and named rightly; healthy
services are named nothing. The rate is printed at the end; `python -m engines` prints it alone.

What one engine shows best is in its own module: test_container_engine, test_kind_engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engines.base_images import CannotMake
from engines.cluster_failures import IN_A_CLUSTER
from engines.clusters import Cluster, two_nodes
from engines.container_failures import IN_A_CONTAINER
from engines.failures import Failure, complaint
from engines.healthy import engines_of
from engines.project import Layout, verify
from engines.shell_failures import SHELLS

BASES = ("golang:1.22-bookworm",)
CONTAINED = {**IN_A_CONTAINER, **SHELLS}
HEALTHY = engines_of()


@pytest.fixture(scope="module")
def cluster(runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    try:
        with two_nodes(runtime, tmp_path_factory.mktemp("cluster")) as made:
            yield made
    except CannotMake as error:
        pytest.fail(str(error))


@pytest.mark.parametrize("failure", CONTAINED.values(), ids=CONTAINED.keys())
def test_a_container_loses_it(
    tmp_path: Path, base_images: Callable[..., None], failure: Failure
) -> None:
    base_images(*BASES, failure.layout.base, *failure.needs)
    failure.layout.write(tmp_path)
    done = verify(tmp_path)
    wrong = complaint(failure, done, tmp_path)
    assert wrong is None, f"{wrong}\n{done.shown}"


@pytest.mark.parametrize("failure", IN_A_CLUSTER.values(), ids=IN_A_CLUSTER.keys())
def test_a_cluster_loses_it(
    tmp_path: Path,
    base_images: Callable[..., None],
    cluster: Cluster,
    failure: Failure,
) -> None:
    base_images(*BASES, failure.layout.base)
    failure.layout.write(tmp_path)
    if failure.on_node:
        cluster.on_worker(failure.on_node)
    engine = [] if "run" in failure.layout.target else ["--engine", "kind"]
    if failure.twice:
        verify(tmp_path, *engine, "--cluster", cluster.name, **cluster.environ)
    done = verify(tmp_path, *engine, "--cluster", cluster.name, **cluster.environ)
    wrong = complaint(failure, done, tmp_path)
    assert wrong is None, f"{wrong}\n{done.shown}"


@pytest.mark.parametrize(("engine", "layout"), HEALTHY.values(), ids=HEALTHY.keys())
def test_nothing_is_lost(
    tmp_path: Path,
    base_images: Callable[..., None],
    request: pytest.FixtureRequest,
    engine: str,
    layout: Layout,
) -> None:
    base_images(*BASES, layout.base)
    layout.write(tmp_path)
    words, environ = ["--engine", engine], {}
    if engine == "kind":
        cluster: Cluster = request.getfixturevalue("cluster")
        words, environ = [*words, "--cluster", cluster.name], dict(cluster.environ)
    done = verify(tmp_path, *words, **environ)
    passed = done.code == 0 and not done.verdict["causes"]
    assert passed, done.shown
    assert done.verdict["profile"]["counter_files"] >= layout.replicas, done.shown
