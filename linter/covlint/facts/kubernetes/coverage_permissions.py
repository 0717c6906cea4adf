"""Who may write to a directory of the node, and the init container that lets everyone."""

from __future__ import annotations

import re
import shlex

from covlint.documents.assembled import AssembledSource
from covlint.documents.yaml import YamlMapping
from covlint.documents.yaml_edit import Edits
from covlint.documents.yaml_text import Value
from covlint.facts.dockerfile.base_images import Shell
from covlint.facts.dockerfile.image import Image
from covlint.facts.kubernetes.pod import Container, VolumeMount
from covlint.facts.kubernetes.workload import known_word
from covlint.source import Span

_CHANGES = re.compile(r"\b(?:chmod|chown|setfacl|install)\b|\bmkdir\b.*\s-\w*m|\.sh\b")
_INIT_NAME = "coverage-permissions"


def non_root_by(container: Container, image: Image | None) -> Span | None:
    """Where it is written that the container runs as another user than root; None for root
    and for what is not seen."""
    identity = container.identity
    if identity.opaque:
        return None
    if identity.user is not None:
        text = identity.user.text
        return identity.user.span if text.isdigit() and int(text) != 0 else None
    if identity.non_root is not None:
        return identity.non_root.span
    if image is None or image.user.root is not False:
        return None
    return image.user.span or image.origin


def opened_before(container: Container, volume: str) -> bool:
    """Whether an init container may make the volume writable; one that cannot be read may."""
    for starter in container.init_containers:
        if all(mount.name.text != volume for mount in starter.mounts) and not starter.mounts_opaque:
            continue
        words = [*(starter.command or ()), *(starter.arguments or ())]
        if starter.process_opaque or not starter.command:
            return True
        if any(_CHANGES.search(word.text) for word in words):
            return True
    return False


def open_by_init_container(
    container: Container, image: Image | None, mount: VolumeMount, directory: str
) -> Edits:
    """An init container that runs as root and lets every user write to ``directory``.

    It runs the service's own image where that has a shell, since that image is on
    the node already; else busybox. Empty where the mount is a part of the volume.
    """
    if mount.sub_path is not None:
        return ()
    own = known_word(container.node.get("image"))
    shells = (Shell.DASH, Shell.BASH, Shell.BUSYBOX)
    starter: dict[str, Value] = {"name": _free_name(container)}
    if own is not None and image is not None and image.shell in shells:
        starter["image"] = own.text
        policy = known_word(container.node.get("imagePullPolicy"))
        if policy is not None:
            starter["imagePullPolicy"] = policy.text
    else:
        starter["image"] = "busybox:stable"
    path = mount.path.text
    if directory.rstrip("/") == path.rstrip("/"):
        starter["command"] = ["chmod", "0777", path]
    else:
        quoted = shlex.quote(directory)
        starter["command"] = ["sh", "-c", f"mkdir -p {quoted} && chmod 0777 {quoted}"]
    context: dict[str, Value] = {"runAsUser": 0}
    if container.identity.non_root is not None:
        context["runAsNonRoot"] = False
    starter["securityContext"] = context
    starter["volumeMounts"] = [{"name": mount.name.text, "mountPath": path}]
    return container.pod.add_init_container(starter)


def root_for_coverage(container: Container) -> Edits:
    """Root with coverage switched on only, in code that has a condition for that; empty
    elsewhere. The whole pod where nothing in it speaks of a user (kubernaut's DD-TEST-007)."""
    pod, identity = container.pod, container.identity
    if identity.user is None and identity.non_root is None and _behind_condition(pod.node):
        return pod.set_user(0)
    return container.set_user(0) if _behind_condition(container.node) else ()


def _behind_condition(node: YamlMapping) -> bool:
    source = node.source
    if not isinstance(source, AssembledSource) or node.get("securityContext") is not None:
        return False
    return source.adds_for_coverage_only(node.start + 1)


def _free_name(container: Container) -> str:
    taken = {one.name.text for one in container.init_containers if one.name is not None}
    name, number = _INIT_NAME, 2
    while name in taken:
        name, number = f"{_INIT_NAME}-{number}", number + 1
    return name
