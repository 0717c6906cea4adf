"""What a failure is: a small service that loses its coverage in one way, what that is called
where it was measured or seen (the facts, parts A, C and G; the field notes), and what covlint has
to say of it. The failures themselves are in container_failures and cluster_failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.project import DOCKERFILE, MAIN, Layout, Verified

DASH = "debian:bookworm-slim"
BASH = "registry.access.redhat.com/ubi9/ubi-minimal:9.4"
BUSYBOX = "busybox:1.36"
STATIC = "gcr.io/distroless/static:nonroot"
INITS = "localhost/inits:1"
OLD_GO = "golang:1.19"
#: Keeps the layer of the build: what else a case changes is no part of the program.
_IGNORED = {
    ".dockerignore": "deploy\n*.yaml\ne2e.sh\nMakefile\n.covlint\ncoverdata\n*.tar\n",
}
#: Says that the image is for coverage, and which manifest it is for.
_MAKEFILE = "image:\n\tdocker build --build-arg 'GOFLAGS={flags}' -t localhost/{name}:e2e .\n"


@dataclass(frozen=True)
class Failure:
    """``row`` is where it is written down; ``place`` the file of the cause and what stands in
    its line, None where no file of the project is to blame."""

    row: str
    layout: Layout
    symptom: str
    code: str | None
    place: tuple[str, str] | None = None
    told: str = ""  # what the first cause has to say in words
    on_node: str = ""  # a shell line that is run on the worker before
    twice: bool = False  # the second run is the one that is looked at
    needs: tuple[str, ...] = ()  # images that it builds upon besides


def program(*imports: str, serving: str = "", ending: str = "server.Close()") -> str:
    """The healthy service with some more to serve, or with another end."""
    more = "".join(f'\t"{name}"\n' for name in imports)
    text = MAIN.replace('\t"context"\n', f'\t"context"\n{more}', 1)
    text = text.replace("\tserver := ", f"{serving}\tserver := ", 1)
    return text.replace("\tserver.Close()\n", f"\t{ending}\n", 1)


def built(line: str) -> str:
    """The Dockerfile with another line that builds."""
    return DOCKERFILE.replace("RUN CGO_ENABLED=0 go build -o /out/app ./cmd/app", line)


def service(namespace: str, dockerfile: str | None = None, **changes: object) -> Layout:
    files = {**_IGNORED, "Makefile": ""}
    given = changes.pop("files", {})
    assert isinstance(given, Mapping)
    files.update(given)
    layout = Layout(namespace, files=files, **changes)  # type: ignore[arg-type]
    files["Makefile"] = _MAKEFILE.format(name=namespace, flags=layout.goflags)
    if layout.volume == "":  # no volume at all
        cut = layout.manifest.index("          volumeMounts:")
        files["deploy/app.yaml"] = layout.manifest[:cut]
    if dockerfile is not None:
        files["Dockerfile"] = dockerfile.format(
            base=layout.base, user=layout.user, entrypoint=layout.entrypoint
        )
    return layout


def complaint(failure: Failure, done: Verified, root: Path) -> str | None:
    """What is wrong with what covlint has said of a failure; None when it is named rightly."""
    causes = done.verdict["causes"]
    if (done.code, done.verdict["verdict"]) != (1, "failed") or not causes:
        return f"{done.verdict['verdict']} with {len(causes)} causes"
    first = causes[0]
    if first["symptom"] != failure.symptom or failure.code not in (None, first["code"]):
        return (
            f"{first['symptom']} {first['code']} in the place of {failure.symptom} {failure.code}"
        )
    if failure.told not in first["message"]:
        return f"nothing of {failure.told}: {first['message']}"
    if failure.place is not None:
        path, text = failure.place
        line = ""
        if first["path"] == path and first["line"]:
            line = (root / path).read_text(encoding="utf-8").splitlines()[first["line"] - 1]
        if first["path"] != path or text not in line:
            return f"at {first['path']}:{first['line']} in the place of {path}: {text}"
    return None


#: What stands in the facts or the notes and no engine here can show.
NOT_PROVOKED = {
    "a namespace that forbids hostPath (PodSecurity)": "the test cluster is Kubernetes 1.20",
    "SELinux labels": "the host has no SELinux",
    "exit() of C": "no base image here has a C compiler",
    "tini -g and dumb-init before a shell": "a race, which the service won here each time",
    "network file systems": "there is none",
}
_NAMED = ("_loses_it[", "test_what_is_broken_is_named[")
_SILENT = ("test_nothing_is_lost[", "test_what_is_whole_passes[")


def rates(stats: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """The lines for the end, from the reports of pytest by their outcome."""
    counted = {key: [getattr(one, "nodeid", "") for one in ones] for key, ones in stats.items()}
    for told, tests in (
        ("failures on real engines named rightly", _NAMED),
        ("healthy services without a false cause", _SILENT),
    ):
        good, bad = (
            sum(any(test in name for test in tests) for name in counted.get(key, ()))
            for key in ("passed", "failed")
        )
        if good + bad:
            yield f"{told}: {good} of {good + bad} ({100 * good / (good + bad):.0f} %)"
            if tests is _NAMED:
                yield f"not provoked: {'; '.join(f'{k}: {v}' for k, v in NOT_PROVOKED.items())}"
