"""Rules about volumes whose break a run has shown by itself, whatever could be read before it."""

from __future__ import annotations

from covlint.diagnostics import Symptom
from covlint.facts.kubernetes.pod_settings import dropped
from covlint.runner.diagnosis.symptoms import Sign
from covlint.source import Span
from covlint.wiring import Chain


def volume_cause(sign: Sign, chain: Chain) -> tuple[str, Span] | None:
    """The code, and where the manifest or the image is to blame; None when none of them is."""
    container, mount = chain.container, chain.mount
    if sign.symptom is Symptom.PERMISSION_DENIED and chain.image is not None and mount is None:
        return "COV201", chain.image.user.span or chain.image.origin
    if container is None or mount is None:
        return None
    if sign.symptom is Symptom.NESTED and mount.sub_path is not None:
        return "COV309", mount.sub_path.span
    volume = container.volume_of(mount)
    if sign.symptom is Symptom.NEVER_STARTED and "hostPath type check failed" in sign.evidence:
        kind = volume.host_path_type if volume is not None else None
        return ("COV311", kind.span) if kind is not None else None
    given_up = dropped(container)
    if sign.symptom is Symptom.PERMISSION_DENIED and given_up is not None and _is_root(chain):
        return "COV312", given_up.span
    return None


def _is_root(chain: Chain) -> bool:
    """As far as it is written: the manifest's user wins over that of the image."""
    user = chain.container.identity.user if chain.container is not None else None
    if user is not None:
        return user.text == "0"
    return chain.image is not None and chain.image.user.root is True
