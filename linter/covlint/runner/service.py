"""What target and workload say of the service, whichever engine runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from covlint.facts.kubernetes.workload import Container
from covlint.runner.command import Command
from covlint.runner.readiness import address_of
from covlint.runner.target import Ready, Target
from covlint.wiring import Chain

#: What ``docker stop`` waits before SIGKILL, in seconds; Kubernetes says 30 itself.
DOCKER_GRACE = 10.0
KUBERNETES_GRACE = 30.0
#: uid of ``nonroot`` in distroless images.
_NONROOT = 65532
#: The uid that a user has of whom only the name is known.
_SOME_USER = 1000
_IMAGE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def user_of(chain: Chain | None) -> tuple[int | None, str | None]:
    """The uid of the service, None when it is not known; and a name without a number."""
    if chain is None:
        return None, None
    identity = chain.container.identity if chain.container is not None else None
    if identity is not None and identity.user is not None and identity.user.text.isdigit():
        return int(identity.user.text), None
    if chain.image is None or chain.image.user.root is None:
        return None, None
    if chain.image.user.root:
        return 0, None
    name = chain.image.user.name.partition(":")[0]
    if name.isdigit():
        return int(name), None
    return (_NONROOT if name == "nonroot" else _SOME_USER), name


def container_environment(chain: Chain | None) -> dict[str, str]:
    """A container starts with next to nothing in its environment."""
    values = {"PATH": _IMAGE_PATH, "HOME": "/"}
    if chain is not None and chain.image is not None:
        values.update(chain.image.environment)
        if chain.image.coverdir is not None:
            values["GOCOVERDIR"] = chain.image.coverdir.text
    if chain is not None and chain.container is not None:
        for entry in chain.container.env:
            if entry.value is not None:
                values[entry.name.text] = entry.value.text
    return values


def coverdir_of(chain: Chain | None, variables: Mapping[str, str]) -> tuple[str | None, bool]:
    """GOCOVERDIR as the container has it, and whether the files decide about it.

    Without a workload and without ENV nothing says where the data should go:
    then covlint gives a folder of its own.
    """
    value = variables.get("GOCOVERDIR")
    if value is not None:
        return value or None, True
    if chain is None or chain.container is None or chain.container.env_opaque:
        return None, False
    return None, True


def exercise_of(
    target: Target, root: Path, env: Mapping[str, str], port: int, ready: Ready
) -> Command | None:
    if target.exercise is None:
        return None
    environment = {**env, "PORT": str(port), "SERVICE_URL": service_url(ready, port)}
    return Command(
        ("sh", "-c", target.exercise), root, environment, "exercise", timeout=target.timeout
    )


def service_url(ready: Ready, port: int) -> str:
    if ready.http is not None:
        scheme, _, rest = ready.http.partition("://")
        return f"{scheme}://{rest.split('/', 1)[0]}"
    address = address_of(ready)
    return f"http://{address[0]}:{address[1]}" if address else f"http://127.0.0.1:{port}"


def ready_at(ready: Ready, port: int) -> Ready:
    def put(text: str | None) -> str | None:
        return None if text is None else with_port(text, port)

    return replace(ready, http=put(ready.http), tcp=put(ready.tcp), command=put(ready.command))


def with_port(text: str, port: int) -> str:
    return text.replace("${PORT}", str(port))


def grace_of(target: Target, container: Container | None) -> float:
    if target.grace_period is not None:
        return target.grace_period
    if container is None:
        return DOCKER_GRACE
    written = container.pod.grace_period
    if written is None or not written.text.isdigit():
        return KUBERNETES_GRACE
    return float(written.text)
