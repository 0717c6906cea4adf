"""The build argument: where it goes, and that production does not notice it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.files import MemoryFiles
from covlint.initial.proposal import Proposal, propose
from covlint.initial.survey import survey
from covlint.runner.toolchain import Toolchain

GO = {
    "go.mod": "module example.com/app\n\ngo 1.21\n",
    "cmd/app/main.go": 'package main\n\nfunc main() { println("app") }\n',
    "cmd/tool/main.go": 'package main\n\nfunc main() { println("tool") }\n',
}
HEAD = "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\n"
RUN = "RUN go build -o /out/app ./cmd/app\n"
TAIL = 'FROM scratch\nCOPY --from=build /out/app /app\nENTRYPOINT ["/app"]\n'


def proposed(dockerfile: str, **files: str) -> Proposal:
    tree = MemoryFiles({**GO, "Dockerfile": dockerfile.encode(), **files})
    return propose(tree, survey(tree))


def after(dockerfile: str, **files: str) -> str:
    for piece in proposed(dockerfile, **files).pieces:
        if piece.change.path == "Dockerfile":
            return piece.change.after.decode()
    return dockerfile


def argument(dockerfile: str, **files: str) -> str | None:
    """The build argument in the Makefile's target."""
    for piece in proposed(dockerfile, **files).pieces:
        if piece.change.path == "Makefile":
            found = re.search(r'--build-arg "?([^"\n]*?)"? -t', piece.change.after.decode())
            return found[1] if found is not None else None
    return None


def test_the_argument_stands_above_the_build():
    assert after(HEAD + RUN + TAIL) == HEAD + 'ARG GOFLAGS=""\n' + RUN + TAIL
    assert argument(HEAD + RUN + TAIL) == "GOFLAGS=-cover -covermode=atomic"


def test_one_stage_with_two_programs_has_one_argument():
    tool = "RUN go build -o /out/tool ./cmd/tool\n"
    second = 'FROM scratch AS tool\nCOPY --from=build /out/tool /tool\nENTRYPOINT ["/tool"]\n'
    assert after(HEAD + RUN + tool + second + TAIL).count("ARG GOFLAGS") == 1


def test_line_endings_are_the_files_own():
    text = (HEAD + RUN + TAIL).replace("\n", "\r\n")
    assert after(text) == text.replace("RUN go build", 'ARG GOFLAGS=""\r\nRUN go build')


@pytest.mark.parametrize(
    "setting", ["ENV GOFLAGS=-mod=mod\n", "RUN GOFLAGS=-mod=mod go build -o /out/app ./cmd/app\n"]
)
def test_a_dockerfile_with_flags_of_its_own_gets_an_argument_of_its_own(setting: str):
    build = "" if "go build" in setting else RUN
    text = after(HEAD + setting + build + TAIL)
    assert "go build ${COVER_FLAGS} -o /out/app" in text
    assert text.replace('ARG COVER_FLAGS=""\n', "").replace(" ${COVER_FLAGS}", "") == (
        HEAD + setting + build + TAIL
    )
    assert argument(HEAD + setting + build + TAIL) == "COVER_FLAGS=-cover -covermode=atomic"


def test_an_argument_that_is_there_is_used_with_what_it_holds():
    text = HEAD + "ARG GOFLAGS=-mod=mod\n" + RUN + TAIL
    assert after(text) == text
    assert argument(text) == "GOFLAGS=-mod=mod -cover -covermode=atomic"


def test_a_switch_of_the_teams_own_is_used():
    branch = (
        'ARG ENABLE_COVERAGE=false\nRUN if [ "$ENABLE_COVERAGE" = "true" ]; then FLAG="-cover"; '
        'else FLAG=""; fi; go build $FLAG -o /out/app ./cmd/app\n'
    )
    assert after(HEAD + branch + TAIL) == HEAD + branch + TAIL
    assert argument(HEAD + branch + TAIL) == "ENABLE_COVERAGE=true"


def test_what_cannot_be_instrumented_is_said():
    old = (HEAD + RUN + TAIL).replace("golang:1.22", "golang:1.19")
    proposal = proposed(old)
    assert proposal.pieces == ()
    assert "needs 1.20 or later" in proposal.notes[0]


@pytest.mark.parametrize(("makefile", "proposes"), [("", True), ("GOFLAGS := -mod=mod\n", False)])
def test_make_hands_the_flags_on_unless_it_sets_them(makefile: str, proposes: bool):
    text = HEAD + "RUN make app\n" + TAIL
    recipe = makefile + "app:\n\tgo build -o /out/app ./cmd/app\n"
    changed = after(text, Makefile=recipe)
    assert (changed == HEAD + 'ARG GOFLAGS=""\nRUN make app\n' + TAIL) is proposes
    assert any(
        "GOFLAGS is set there" in note for note in proposed(text, Makefile=recipe).notes
    ) is (not proposes)


COMMENTS = st.sampled_from(["", "# why\n", "\n", "ARG VERSION=dev\n", "ENV CGO_ENABLED=0\n"])


@settings(max_examples=30, deadline=None)
@given(st.lists(COMMENTS, max_size=4), st.lists(COMMENTS, max_size=4), st.booleans())
def test_every_other_byte_stays(before: list[str], below: list[str], carriage: bool):
    text = HEAD + "".join(before) + RUN + "".join(below) + TAIL
    text = text.replace("\n", "\r\n") if carriage else text
    line = 'ARG GOFLAGS=""\r\n' if carriage else 'ARG GOFLAGS=""\n'
    assert after(text).replace(line, "", 1) == text


@pytest.mark.real
@pytest.mark.parametrize("setting", ["", "ENV GOFLAGS=-trimpath\n"])
def test_without_the_argument_the_binary_is_the_same(
    tmp_path: Path, toolchain: Toolchain, setting: str
) -> None:
    """The build lines of the Dockerfile before and after it, as the builder runs them."""
    for name, text in GO.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    old = HEAD + setting + RUN + TAIL
    new = after(old)
    assert new != old

    def built(dockerfile: str, **arguments: str) -> tuple[bytes, str]:
        values = dict(re.findall(r'^(?:ARG|ENV) (\w+)="?([^"\n]*)"?$', dockerfile, re.MULTILINE))
        line = next(re.finditer(r"^RUN (go build.*)$", dockerfile, re.MULTILINE))[1]
        app = tmp_path / "app"
        folder = os.path.dirname(toolchain.go)
        env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        env |= {**values, **arguments}
        command = line.replace("/out/app", str(app))
        subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, check=True)
        shown = subprocess.run(
            [toolchain.go, "version", "-m", app], capture_output=True, text=True, check=True
        )
        return app.read_bytes(), shown.stdout

    (before, _), (plain, shown) = built(old), built(new)
    assert plain == before
    assert "-cover" not in shown
    assert b"GOCOVERDIR not set" not in plain
    name = "COVER_FLAGS" if setting else "GOFLAGS"
    covered, _ = built(new, **{name: "-cover -covermode=atomic"})
    assert b"GOCOVERDIR not set" in covered  # only an instrumented program says so (facts, E)
