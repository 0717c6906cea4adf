"""Settings of pods that only some rules ask for: where they run, what they may, what they pull."""

from __future__ import annotations

from covlint.documents.assembled import HOLE, AssembledSource, settled
from covlint.documents.yaml import AnyNode, YamlMapping, YamlSequence
from covlint.documents.yaml_edit import (
    Edits,
    append_to,
    insert_entry,
    join_edits,
    remove_entry,
    set_scalar,
)
from covlint.facts.dockerfile.base_images import split_reference
from covlint.facts.kubernetes.pod import Container, Pod, Volume, VolumeMount
from covlint.facts.kubernetes.workload import items_of, known_word
from covlint.frozen import dataclass
from covlint.source import Word

#: Entries of a pod that tell the scheduler where it may run.
_PLACEMENT = ("nodeSelector", "nodeName", "affinity", "tolerations")


@dataclass(frozen=True, slots=True)
class Pull:
    """When the kubelet asks the registry for the image. ``policy`` is None where nothing is
    written; ``always``: by the policy, or by its default for ``:latest`` and no tag."""

    policy: Word | None
    always: bool


def pull_of(container: Container) -> Pull | None:
    """When a container's image is pulled; None where that is not seen."""
    if container.pod.is_compose or container.image is None:
        return None
    written = container.node.get("imagePullPolicy")
    if written is not None:
        policy = seen_word(written)
        return Pull(policy, policy.text == "Always") if policy is not None else None
    _, tag, digest = _reference(container.image.text)
    return Pull(None, not digest and tag in ("", "latest"))


def seen_word(node: AnyNode | None) -> Word | None:
    """A known value, at the place where a person would edit it."""
    word = known_word(node)
    if word is None or node is None or HOLE in word.text:
        return None
    if isinstance(node.source, AssembledSource):
        return Word(word.text, node.source.place(word.span))
    return word


def set_pull_policy(container: Container, policy: str) -> Edits:
    edits = set_scalar(container.node, "imagePullPolicy", policy)
    return settled(container.node.source, edits)


def tagged(image: str) -> str:
    """The image with its tag, without the names of the default registries."""
    short = image.removeprefix("docker.io/").removeprefix("library/").removeprefix("localhost/")
    return short if ":" in short.rpartition("/")[2] else f"{short}:latest"


def _reference(text: str) -> tuple[str, str, bool]:
    """Name, tag ("" for none) and whether there is a digest."""
    name, digest = text.partition("@")[0], "@" in text
    repository = split_reference(name)[0]
    return repository, name[len(repository) :].lstrip(":"), digest


def may_run_anywhere(pod: Pod) -> bool:
    """Whether nothing in the pod says on which nodes it runs; a template may."""
    node = pod.node
    if pod.is_compose or HOLE in node.written or "{{" in node.written:
        return False
    return all(node.get(key) is None for key in _PLACEMENT)


def has_helper(container: Container, volume: str) -> bool:
    """Whether another container that runs beside it may mount the volume too."""
    if container.pod.is_compose:
        return False
    beside = items_of(container.pod.node.get("containers"))[0]
    starters = items_of(container.pod.node.get("initContainers"))[0]
    beside += [one for one in starters if one.get("restartPolicy") is not None]
    for one in beside:
        mounts, opaque = items_of(one.get("volumeMounts"))
        names = [known_word(mount.get("name")) for mount in mounts]
        if one is not container.node and (
            opaque or any(name is None or name.text == volume for name in names)
        ):
            return True
    return False


def dropped(container: Container) -> Word | None:
    """Where the container gives up CAP_DAC_OVERRIDE, the right of root to write anywhere."""
    context = container.node.mapping("securityContext")
    capabilities = context.mapping("capabilities") if context is not None else None
    if capabilities is None or container.pod.is_compose:
        return None
    added = capabilities.get("add")
    if added is not None and not isinstance(added, YamlSequence):
        return None
    if any(_named(item) in (None, "ALL", "DAC_OVERRIDE") for item in _items(added)):
        return None
    for item in _items(capabilities.get("drop")):
        if _named(item) in ("ALL", "DAC_OVERRIDE"):
            return seen_word(item)
    return None


def keep_dac_override(container: Container) -> Edits:
    """``capabilities.add: [DAC_OVERRIDE]``; it wins over ``drop: [ALL]``."""
    context = container.node.mapping("securityContext")
    capabilities = context.mapping("capabilities") if context is not None else None
    if capabilities is None:
        return ()
    return settled(container.node.source, append_to(capabilities, "add", "DAC_OVERRIDE"))


def _items(node: AnyNode | None) -> tuple[AnyNode, ...]:
    return tuple(node.items) if isinstance(node, YamlSequence) else ()


def _named(node: AnyNode) -> str | None:
    word = seen_word(node)
    return word.text.upper().removeprefix("CAP_") if word is not None else None


def without_sub_path(mount: VolumeMount) -> Edits:
    """Mount the volume itself instead of a directory in it."""
    keys = [key for key in ("subPath", "subPathExpr") if mount.node.get(key) is not None]
    edits = [remove_entry(mount.node, key) for key in keys]
    if not edits or not all(edits):
        return ()
    return settled(mount.node.source, join_edits(edit for part in edits for edit in part))


def onto_node(volume: Volume, path: str) -> Edits:
    """A hostPath in the place of the volume's ``emptyDir``."""
    entry = volume.node.entry("emptyDir")
    if entry is None or entry.alias or len(volume.node.entries) < 2:
        return ()
    added = insert_entry(volume.node, "hostPath", {"path": path, "type": "DirectoryOrCreate"})
    removed = remove_entry(volume.node, "emptyDir")
    if not added or not removed:
        return ()
    return settled(volume.node.source, join_edits((*removed, *added)))


def set_host_path_type(volume: Volume, kind: str) -> Edits:
    source = volume.node.get("hostPath")
    if not isinstance(source, YamlMapping):
        return ()
    return settled(volume.node.source, set_scalar(source, "type", kind))
