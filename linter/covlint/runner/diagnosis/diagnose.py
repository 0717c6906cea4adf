"""Why a verification failed: what was seen, joined with the rules that predict it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from covlint.diagnostics import Diagnostic, Symptom
from covlint.frozen import dataclass
from covlint.runner.diagnosis.killed import FirstShell, KilledBy
from covlint.runner.diagnosis.symptoms import MEANINGS, Ending, Sign, signs_in_folder, signs_in_log
from covlint.runner.diagnosis.volume_causes import volume_cause
from covlint.runner.evidence.folder import Folder
from covlint.runner.verdict import Cause, Validation
from covlint.source import Span
from covlint.wiring import Chain, Hop

#: A place in a file, as its path and 1-based line.
Locate = Callable[[Span], "tuple[str, int] | None"]


@dataclass(frozen=True, slots=True)
class Observation:
    """What an engine saw. ``instrumented`` is None when the binary was not looked
    at; ``thrown_away`` says where counters were written that nothing keeps."""

    folder: Folder
    log: str = ""
    ending: Ending = Ending.UNKNOWN
    instrumented: bool | None = None
    started: bool = True
    problem: str | None = None  # why it did not start, or never got ready
    thrown_away: str | None = None
    read_only: str | None = None
    silent: tuple[str, str] | None = None  # why a binary writes nothing all the same; the remedy
    shell: FirstShell | None = None  # what was asked to end, if that was a shell
    killed_by: KilledBy | None = None  # not the end of the grace period


#: How the problem of an image that could not be built begins.
IMAGE_BUILD = "the build of the image"
#: The rules about a shell as PID 1.
_OF_SHELLS = ("COV203", "COV307")
_BEFORE_READY = frozenset({Symptom.NOT_INSTRUMENTED, Symptom.CRASHED})
#: Ends that leave meta-data alone.
_ENDINGS = frozenset({Symptom.KILLED, Symptom.CRASHED})
#: What the program itself does, wherever it runs.
_OF_MAIN = frozenset({Symptom.META_ONLY, Symptom.KILLED, Symptom.CRASHED})


def signs_of(seen: Observation, failed: Iterable[Validation]) -> tuple[Sign, ...]:
    """The symptoms, causes before their consequences."""
    signs: list[Sign] = []
    failed = list(failed)
    logged = signs_in_log(seen.log)
    # a program that is refused by Go, or that crashes, says more than that it never got ready
    refused = any(sign.symptom in _BEFORE_READY for sign in logged)
    if seen.killed_by is not None:
        signs.append(Sign(Symptom.KILLED, seen.killed_by.words, seen.killed_by.advice, ()))
    elif seen.problem is not None and not refused:
        signs.append(Sign(Symptom.NEVER_STARTED, seen.problem))
    if seen.silent is not None:
        signs.append(Sign(Symptom.NOT_INSTRUMENTED, *seen.silent, ()))
    elif seen.instrumented is False:
        looked = (one.evidence for one in failed if one.symptom is Symptom.NOT_INSTRUMENTED)
        evidence = next(looked, "the binary holds no coverage runtime")
        signs.append(Sign(Symptom.NOT_INSTRUMENTED, evidence))
    if seen.read_only is not None:
        signs.append(Sign(Symptom.READ_ONLY, seen.read_only))
    signs += logged
    if seen.thrown_away is not None:
        signs.append(Sign(Symptom.NOT_EXTRACTED, seen.thrown_away))
    in_folder = [
        _ended(sign, seen) if sign.symptom is Symptom.META_ONLY else sign
        for sign in signs_in_folder(seen.folder)
    ]
    if not _empty(in_folder) or any(sign.symptom is not Symptom.NO_META for sign in signs):
        # covdata's "no applicable files" is a consequence of what is said besides
        signs = [sign for sign in signs if sign.symptom is not Symptom.NO_META]
    known = {sign.symptom for sign in signs}
    if not (signs and _empty(in_folder)):
        if any("counter data emit failed" in sign.evidence for sign in logged):
            known.add(Symptom.META_ONLY)  # it came to its end, and was refused there
        signs += [sign for sign in in_folder if sign.symptom not in known]
        known |= {sign.symptom for sign in in_folder}
    explained = known | (set() if _ENDINGS.isdisjoint(known) else {Symptom.META_ONLY})
    for validation in failed:
        if validation.symptom is not None and validation.symptom not in explained:
            if signs and validation.symptom in (Symptom.NO_META, Symptom.MISSING_DIRECTORY):
                continue
            signs.append(Sign(validation.symptom, validation.evidence))
            explained.add(validation.symptom)
    return tuple(signs)


def diagnose(
    signs: Iterable[Sign],
    diagnostics: Iterable[Diagnostic],
    chain: Chain | None,
    locate: Locate,
) -> tuple[Cause, ...]:
    """A cause for each sign: the diagnostics that predicted it, else the place in
    the chain where its hop is written, else the remedy alone."""
    predicted = list(diagnostics)
    causes: list[Cause] = []
    named: set[tuple[str | None, str | None, int | None]] = set()
    for sign in signs:
        for cause in _causes(sign, predicted, chain, locate):
            key = (cause.code, cause.path, cause.line)
            if key not in named or cause.code is None:
                named.add(key)
                causes.append(cause)
    return tuple(causes)


def _causes(
    sign: Sign, predicted: list[Diagnostic], chain: Chain | None, locate: Locate
) -> list[Cause]:
    meaning = MEANINGS[sign.symptom]
    found: list[Cause] = []
    for code in meaning.codes if sign.codes is None else sign.codes:
        for diagnostic in predicted:
            if diagnostic.code == code and _concerns(diagnostic, chain):
                place = locate(diagnostic.span)
                path = diagnostic.span.path
                line = place[1] if place is not None else None
                found.append(Cause(code, path, line, diagnostic.message, sign.symptom))
        if found:
            return found
    place = _place_of(meaning.hop, sign, chain, locate)
    return [
        Cause(
            _certain_code(sign, chain),
            place[0] if place is not None else None,
            place[1] if place is not None else None,
            f"{sign.evidence}; {sign.remedy}",
            sign.symptom,
        )
    ]


def _concerns(diagnostic: Diagnostic, chain: Chain | None) -> bool:
    """A diagnostic about files that this chain is made of; any, when there is no chain."""
    if chain is None:
        return True
    paths = {link.span.path for link in chain.links if link.span is not None}
    paths |= {build.span.path for build in chain.builds}
    if chain.main is not None:
        paths.add(chain.main.main.path)
    spoken = {diagnostic.span.path, *(related.span.path for related in diagnostic.related)}
    directory = chain.main.directory if chain.main is not None else None
    return bool(paths & spoken) or any(
        directory is not None and path.rpartition("/")[0] == directory for path in spoken
    )


def _certain_code(sign: Sign, chain: Chain | None) -> str | None:
    """The rule whose break this run has shown by itself, whatever the files say."""
    if sign.codes == ():
        return None
    if sign.symptom is Symptom.META_ONLY and "SIGTERM" in sign.evidence:
        return "COV601"
    if sign.codes == _OF_SHELLS:
        own = chain is not None and chain.container is not None and chain.container.command
        return "COV307" if own else "COV203"
    if sign.symptom is Symptom.NOT_SET and chain is not None and chain.container is not None:
        # where it is set, it is a program that the service starts which lacks it
        return "COV301" if chain.coverdir is None or not chain.coverdir.text else None
    volume = volume_cause(sign, chain) if chain is not None else None
    if volume is not None:
        return volume[0]
    if sign.symptom is Symptom.WRONG_NAMES and "command-line-arguments" in sign.evidence:
        return "COV110"
    if sign.symptom is Symptom.NEVER_STARTED and "ImagePull" in sign.evidence and _pulls(chain):
        return "COV308"
    if sign.symptom is Symptom.KILLED and _gets_sigterm(chain):
        return "COV306"
    return None


def _pulls(chain: Chain | None) -> bool:
    """The manifest has the registry asked, whatever the node has."""
    container = chain.container if chain is not None else None
    policy = container.node.scalar("imagePullPolicy") if container is not None else None
    return policy is not None and policy.text == "Always"


def _gets_sigterm(chain: Chain | None) -> bool:
    """The program handles SIGTERM and is PID 1 itself: it lacked the time, and nothing else."""
    if chain is None or chain.container is None or chain.image is None or chain.main is None:
        return False
    process = chain.image.process
    direct = process is not None and process.interpreter is None and process.script is None
    return chain.main.handles_sigterm is True and direct and not chain.container.command


def _place_of(hop: Hop, sign: Sign, chain: Chain | None, locate: Locate) -> tuple[str, int] | None:
    if chain is None:
        return None
    in_time = sign.symptom is Symptom.KILLED and sign.codes is None  # it only lacked the time
    if in_time and _gets_sigterm(chain) and chain.container is not None:
        grace = chain.container.pod.grace_period
        return locate(grace.span if grace is not None else chain.container.span)
    if sign.codes == _OF_SHELLS:
        return _place_of_shell(chain, locate)
    if sign.symptom in _OF_MAIN and sign.codes != () and chain.main is not None:
        return locate(chain.main.main)
    volume = volume_cause(sign, chain)
    if volume is not None:
        return locate(volume[1])
    if sign.evidence.startswith(IMAGE_BUILD):
        hop = Hop.IMAGE  # nothing came as far as a container
    if hop is Hop.BUILD and chain.builds:
        return locate(chain.builds[0].span)
    if hop is Hop.COVERDIR and chain.coverdir is not None:
        return locate(chain.coverdir.span)
    for link in chain.links:
        if link.hop is hop and link.span is not None:
            return locate(link.span)
    if chain.container is not None and hop is not Hop.BUILD:
        return locate(chain.container.span)
    return None


def _place_of_shell(chain: Chain, locate: Locate) -> tuple[str, int] | None:
    command = chain.container.command if chain.container is not None else None
    if command:
        return locate(command[0].span)
    process = chain.image.process if chain.image is not None else None
    return locate(process.instruction) if process is not None else None


def _ended(sign: Sign, seen: Observation) -> Sign:
    ending = seen.ending
    if seen.shell is not None and seen.shell.init is not None:
        return Sign(
            Symptom.KILLED,
            f"{seen.shell.init} passed SIGTERM to the shell {seen.shell.name}, which passes no "
            "signal on: the service never got it, and was killed when the shell ended",
            "let the shell start the service with exec, or name the service as the command",
            _OF_SHELLS,
        )
    if ending is Ending.KILLED and seen.shell is not None:
        return Sign(
            Symptom.KILLED,
            f"PID 1 is the shell {seen.shell.name}, which passes no signal on: the service never "
            "got SIGTERM, and was killed with it at the end of the grace period",
            "let the shell start the service with exec, or name the service as the command",
            _OF_SHELLS,
        )
    if ending is Ending.TERMINATED:
        return Sign(
            Symptom.META_ONLY,
            "SIGTERM ended the service where it stood: nothing handles it, "
            "and its counters were not written",
        )
    if ending is Ending.KILLED:
        return Sign(
            Symptom.KILLED,
            "the service was still there at the end of the grace period and was killed (SIGKILL)",
        )
    if ending is Ending.CRASHED:
        return Sign(Symptom.CRASHED, "the service crashed before its counters were written")
    if ending is Ending.EXITED and seen.shell is None and not seen.folder.counters:
        return Sign(
            Symptom.META_ONLY,
            "the service ended by itself, in a way that writes no counters: syscall.Exit, "
            "syscall.Exec or exit() of C",
            "end by os.Exit or by returning from main; call runtime/coverage before what "
            "replaces the program",
        )
    return sign


def _empty(signs: list[Sign]) -> bool:
    return all(sign.symptom in (Symptom.NO_META, Symptom.MISSING_DIRECTORY) for sign in signs)
