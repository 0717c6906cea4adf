"""Go builds in Dockerfiles: their flags, where these come from, and what decides them."""

from __future__ import annotations

import pytest

from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.dockerfile.build import Branch, GoBuild, Instrumentation
from covlint.facts.dockerfile.build_reading import read_builds
from covlint.facts.dockerfile.scope import scoped_stages
from covlint.source import SourceFile

HEAD = "FROM golang:1.22\nWORKDIR /src\nCOPY . .\n"
YES, NO = Instrumentation.YES, Instrumentation.NO
CONDITIONAL, UNKNOWN = Instrumentation.CONDITIONAL, Instrumentation.UNKNOWN


def read(text: str) -> tuple[SourceFile, tuple[GoBuild, ...]]:
    source = SourceFile.of_text("Dockerfile", text if "FROM " in text else HEAD + text)
    dockerfile = open_dockerfile(source)
    assert dockerfile.error is None, dockerfile.error
    return source, read_builds(dockerfile, scoped_stages(dockerfile))


def builds(text: str) -> tuple[GoBuild, ...]:
    return read(text)[1]


def build(text: str) -> GoBuild:
    (only,) = builds(text)
    return only


def state(text: str) -> tuple[Instrumentation, str | None]:
    only = build(text)
    return only.instrumentation, only.variable


def flags(only: GoBuild) -> list[str]:
    """The flags of the command line as ``name`` or ``name=value``."""
    return [f.name if f.value is None else f"{f.name}={f.value}" for f in only.flags]


# -- which commands are builds ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN CGO_ENABLED=0 GOOS=linux go build -a .", ["go build -a ."]),
        ("RUN cd cmd/x && go build .", ["go build ."]),
        ("RUN export CGO_ENABLED=0; go build .", ["go build ."]),
        ("RUN --mount=type=cache,target=/root/.cache go build .", ["go build ."]),
        ("RUN go mod download && go build -o x . && strip x", ["go build -o x ."]),
        ("RUN go build ./a && go build ./b", ["go build ./a", "go build ./b"]),
        ("RUN /usr/local/go/bin/go build .", ["/usr/local/go/bin/go build ."]),
        ("RUN xx-go build .", ["xx-go build ."]),
        ("RUN CGO_ENABLED=1 garble -literals build .", ["garble -literals build ."]),
        ("RUN $GO build .", ["$GO build ."]),
        ("RUN env A=1 go build .", ["go build ."]),
        ("RUN time go build .", ["go build ."]),
        ("RUN go install ./cmd/x", ["go install ./cmd/x"]),
        ("RUN go install a.com/tool@latest", ["go install a.com/tool@latest"]),
        ("RUN <<EOF\nset -e\ngo build .\nEOF", ["go build ."]),
        ("RUN bash -e <<EOF\ngo build .\nEOF", ["go build ."]),
        ("RUN sh -c 'go build .'", ["go build ."]),
        ('RUN ["go", "build", "."]', ['"go", "build", "."']),
        ("run go build .", ["go build ."]),
        ("RUN go build \\\n# c\n  -o x .", ["go build \\\n# c\n  -o x ."]),
        ("RUN for c in a b; do go build ./cmd/$c; done", ["go build ./cmd/$c"]),
        ("RUN if a; then go build .; fi", ["go build ."]),
        ("RUN go test -cover ./...", []),
        ("RUN echo go build .", []),
        ("RUN make build", []),
        ("RUN <<EOF cat > x.sh\ngo build .\nEOF", []),
        ("RUN <<EOF\n#!/usr/bin/env python3\ngo build .\nEOF", []),
        ("COPY <<EOF /x.sh\ngo build .\nEOF", []),
        ("HEALTHCHECK CMD go build -cover .", []),
        ("ONBUILD RUN go build .", []),
        ("CMD go build .", []),
        ("RUN docker build .", []),
    ],
)
def test_builds_are_found_with_their_own_bytes(text: str, expected: list[str]) -> None:
    source, found = read(text)
    assert [source.slice(b.span).decode() for b in found] == expected


def test_the_command_spans_the_assignments_too_and_a_flag_can_be_inserted() -> None:
    source, (only,) = read("RUN A=1 B=2 go build -o x .\n")
    assert source.slice(only.command) == b"A=1 B=2 go build -o x ."
    assert only.text == b"A=1 B=2 go build -o x ."
    assert source.data[: only.after_subcommand].endswith(b"go build")
    assert only.environment == (("A", "1"), ("B", "2"))


# -- flags and packages ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("go build -a -o x .", ["a", "o=x"]),
        ("go build --ldflags '-s -w' .", ["ldflags=-s -w"]),
        ("go build -ldflags='-s -w' .", ["ldflags=-s -w"]),
        ('go build -ldflags "-s \\\n  -w" .', ["ldflags=-s   -w"]),
        ('go build -ldflags "-X \\"m.v=a b\\"" .', ['ldflags=-X "m.v=a b"']),
        ('go build -ldflags="$(cat x)" .', ["ldflags=\0"]),
        ("go build -ldflags '-extldflags -static -s' .", ["ldflags=-extldflags -static -s"]),
        ("go build -tags netgo -installsuffix cgo .", ["tags=netgo", "installsuffix=cgo"]),
        ("go build -cover=false -v .", ["cover=false", "v"]),
        ("go build . -cover", []),
        ("go build -o= .", ["o="]),
    ],
)
def test_flags(line: str, expected: list[str]) -> None:
    assert flags(build(f"RUN {line}")) == expected


def test_a_variable_that_no_build_argument_changes_is_put_in() -> None:
    only = build('ENV F="-cover -o /x" P=./cmd/x\nRUN go build $F $P')
    assert flags(only) == ["cover", "o=/x"]
    assert [word.shape for word in only.packages] == ["\0"]
    assert only.instrumentation is YES


@pytest.mark.parametrize(
    ("line", "packages"),
    [
        ("go build", []),
        ("go build .", ["."]),
        ("go build -o x ./cmd/a ./cmd/b", ["./cmd/a", "./cmd/b"]),
        ("go build ./cmd/a -cover", ["./cmd/a", "-cover"]),
        ("go build ./cmd/$NAME", [None]),
    ],
)
def test_packages(line: str, packages: list[str | None]) -> None:
    assert [word.literal for word in build(f"RUN {line}").packages] == packages


def test_output_directory_and_source_root() -> None:
    only = build("ARG NAME=x\nRUN cd cmd && go build -o /bin/$NAME -C sub .")
    assert only.output is not None
    assert (only.output.text, only.directory, only.source_root) == (
        "/bin/x",
        "/src/cmd/sub",
        "/src",
    )


@pytest.mark.parametrize(
    ("copy", "root"),
    [
        ("COPY . .", "/src"),
        ("COPY . /app", "/app"),
        ("COPY go.mod go.sum ./\nCOPY cmd cmd/", "/src"),
        ("COPY go.mod /app/go.mod", "/app"),
        ("COPY --from=x . .", None),
        ("COPY cmd cmd", None),
    ],
)
def test_source_root_is_where_the_context_is_copied_to(copy: str, root: str | None) -> None:
    assert build(f"FROM golang\nWORKDIR /src\n{copy}\nRUN go build .").source_root == root


def test_source_root_may_be_a_bind_mount_or_come_from_the_stage_below() -> None:
    mount = "--mount=type=bind,target=/m"
    assert build(f"FROM golang\nWORKDIR /src\nRUN {mount} go build .").source_root == "/m"
    below = "FROM golang AS a\nWORKDIR /s\nCOPY . .\nFROM a\nRUN go build .\n"
    assert (build(below).source_root, build(below).directory) == ("/s", "/s")


def test_the_base_image_and_the_toolchain_of_a_build() -> None:
    only = build(
        "ARG V=1.19\nFROM golang:${V}-alpine AS a\nFROM a AS b\nENV GOTOOLCHAIN=go1.21.0\n"
        "RUN go build .\n"
    )
    assert (only.base, only.stage, only.stage_name) == ("golang:1.19-alpine", 1, "b")
    assert only.toolchain is not None
    assert only.toolchain.text == "go1.21.0"


def test_args_that_the_build_does_not_see_are_known() -> None:
    only = build("ARG GOFLAGS\nFROM golang\nARG A\nRUN go build .\nFROM x\nARG B=1\n")
    assert "A" in only.declared
    assert [(a.name.text, a.default, a.stage) for a in only.elsewhere] == [
        ("GOFLAGS", None, None),
        ("B", "1", 1),
    ]


# -- instrumentation ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN go build -cover .", (YES, None)),
        ("RUN go build -coverpkg=./... .", (YES, None)),
        ("RUN go build -covermode atomic .", (YES, None)),
        ("RUN go build .", (NO, None)),
        ("RUN go build . -cover", (NO, None)),
        ("RUN go build -cover=false .", (NO, None)),
        ("RUN go build -cover=false -coverpkg=./... .", (YES, None)),
        ('RUN go build -ldflags "-X main.v=-cover" .', (NO, None)),
        ("RUN go build -tags cover .", (NO, None)),
        ("RUN go build $(echo -cover) .", (UNKNOWN, None)),
        ("RUN go build -cover $(echo x) .", (YES, None)),
        ("RUN go build $FLAGS .", (UNKNOWN, "FLAGS")),
        ('RUN args+=("-cover"); go build "${args[@]}" .', (UNKNOWN, "args[@]")),
        ("ARG GO_BUILD_FLAGS\nRUN go build $GO_BUILD_FLAGS .", (CONDITIONAL, "GO_BUILD_FLAGS")),
        ("ARG F=-cover\nRUN go build ${F} .", (CONDITIONAL, "F")),
        ("ENV F=-cover\nRUN go build ${F} .", (YES, None)),
        ("ENV F=-trimpath\nRUN go build ${F} .", (NO, None)),
        ("ARG X\nENV F=$X\nRUN go build $F .", (CONDITIONAL, "X")),
        ("ARG COVER\nRUN go build ${COVER:+-cover} .", (CONDITIONAL, "COVER")),
        ("RUN go build $COVERFLAGS .", (CONDITIONAL, "COVERFLAGS")),
        ("RUN F=-cover; go build $F .", (YES, None)),
        ("ARG C\nRUN if [ $C = 1 ]; then F=-cover; fi; go build $F .", (CONDITIONAL, "C")),
        (
            'ARG COVER\nRUN if [ -n "$COVER" ]; then export GOFLAGS=-cover; fi; go build .',
            (CONDITIONAL, "COVER"),
        ),
    ],
)
def test_instrumentation(text: str, expected: tuple[Instrumentation, str | None]) -> None:
    assert state(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV GOFLAGS=-cover\nRUN go build .", (YES, None)),
        ("ENV GOFLAGS -cover\nRUN go build .", (YES, None)),
        ("ARG GOFLAGS\nRUN go build .", (CONDITIONAL, "GOFLAGS")),
        ('ARG GOFLAGS=""\nRUN go build .', (CONDITIONAL, "GOFLAGS")),
        ("ARG GOFLAGS=-cover\nRUN go build .", (CONDITIONAL, "GOFLAGS")),
        ("ARG GOFLAGS\nENV GOFLAGS=-mod=vendor\nRUN go build .", (NO, None)),
        ("ENV GOFLAGS=-mod=vendor\nARG GOFLAGS\nRUN go build .", (NO, None)),
        ("ENV GOFLAGS=-cover\nENV GOFLAGS=-mod=vendor\nRUN go build .", (NO, None)),
        ('ARG GOFLAGS\nENV GOFLAGS="$GOFLAGS -x"\nRUN go build .', (CONDITIONAL, "GOFLAGS")),
        ("ARG F\nENV GOFLAGS=$F\nRUN go build .", (CONDITIONAL, "F")),
        ("ENV GOFLAGS=-cover\nRUN GOFLAGS=-mod=mod go build .", (NO, None)),
        ('ENV GOFLAGS=-cover\nRUN GOFLAGS="$GOFLAGS -x" go build .', (YES, None)),
        ("RUN GOFLAGS=-cover go build .", (YES, None)),
        ("RUN env GOFLAGS=-cover go build .", (YES, None)),
        ("RUN export GOFLAGS=-cover && go build .", (YES, None)),
        ("RUN export GOFLAGS=-cover\nRUN go build .", (NO, None)),
        ("RUN go build . && export GOFLAGS=-cover", (NO, None)),
        ("RUN go env -w GOFLAGS=-cover && go build .", (YES, None)),
        ("RUN go env -w GOFLAGS='-cover -x' && GOFLAGS= go build .", (YES, None)),
        ("RUN go env -w GOFLAGS=-cover && GOFLAGS=-x go build .", (NO, None)),
        ("RUN go env -w GOFLAGS=-cover\nRUN go build .", (YES, None)),
        ("RUN go env -w GOFLAGS=-cover\nENV GOFLAGS=-x\nRUN go build .", (NO, None)),
        ("ENV GOFLAGS=-cover\nRUN go build -cover=false .", (NO, None)),
        ("ENV GOFLAGS=-cover=false\nRUN go build .", (NO, None)),
        ("ENV GOFLAGS=cover\nRUN go build .", (NO, None)),
        ("ENV GOFLAGS='-ldflags=-X main.v=-cover'\nRUN go build .", (NO, None)),
    ],
)
def test_goflags_are_in_force_as_go_takes_them(
    text: str, expected: tuple[Instrumentation, str | None]
) -> None:
    assert state(text) == expected


def test_an_arg_before_from_is_not_seen_unless_declared_again() -> None:
    assert state("ARG GOFLAGS=-cover\nFROM golang\nRUN go build .") == (NO, None)
    again = build("ARG GOFLAGS=-cover\nFROM golang\nARG GOFLAGS\nRUN go build .")
    assert (again.instrumentation, [f.name for f in again.all_flags]) == (CONDITIONAL, ["cover"])


def test_goflags_of_a_stage_are_inherited_by_those_built_on_it() -> None:
    text = "FROM golang AS a\n{}\nFROM a\nRUN go build .\nFROM golang\nRUN go build .\n"
    for line in ("ENV GOFLAGS=-cover", "RUN go env -w GOFLAGS=-cover"):
        assert [b.instrumentation for b in builds(text.format(line))] == [YES, NO]


def test_goflags_know_how_they_were_set() -> None:
    only = build('ARG GOFLAGS=-a\nENV GOFLAGS="$GOFLAGS -b"\nRUN GOFLAGS="$GOFLAGS -c" go build .')
    assert [(s.kind, s.refers, s.settable) for s in only.goflags] == [
        ("arg", False, "GOFLAGS"),
        ("env", True, "GOFLAGS"),
        ("inline", True, "GOFLAGS"),
    ]
    assert [f.name for f in only.all_flags] == ["a", "b", "c"]


# -- branches ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'if [ "$GOFLAGS" = "-cover" ]; then go build .; else go build -a .; fi',
        'if [ "${GOFLAGS}" = "-cover" ]; then go build .; else go build -a .; fi',
        'if [ "$GOFLAGS" != "-cover" ]; then go build -a .; else go build .; fi',
        'if [ "$COVER" = true ]; then go build .; else go build -a .; fi',
        'if [ "$COVER" != false ]; then go build .; else go build -a .; fi',
        'if [ "$COVER" = false ]; then go build -a .; else go build .; fi',
        'if [ -n "$E2E_COVERAGE" ]; then go build .; else go build -a .; fi',
        'if [ -z "$COVER" ]; then go build -a .; else go build .; fi',
        'if ! [ -z "$COVER" ]; then go build .; else go build -a .; fi',
        'case " $GOFLAGS " in *" -cover"*) go build . ;; *) go build -a . ;; esac',
        'case "$GOFLAGS" in *-cover*) go build .;; *) go build -a .;; esac',
        '[ "$COVER" = 1 ] && go build . || go build -a .',
        'if echo "$GOFLAGS" | grep -q -- -cover; then go build .; else go build -a .; fi',
        'if [ "$X" = 1 ] && [ "$COVER" = 1 ]; then go build .; else go build -a .; fi',
        'if [[ "$GOFLAGS" == *-cover* ]]; then go build .; else go build -a .; fi',
        'if [ "x$COVER" = "xtrue" ]; then go build .; else go build -a .; fi',
        'if [ -n "$COVER" ]; then if [ -f x ]; then go build .; fi; else go build -a .; fi',
    ],
)
def test_the_sides_of_a_conditional_build(text: str) -> None:
    sides = {
        b.flag("a") is not None: b.branch for b in builds(f"ARG GOFLAGS\nARG COVER\nRUN {text}")
    }
    assert sides == {False: Branch.COVERAGE, True: Branch.PRODUCTION}


@pytest.mark.parametrize(
    "text",
    [
        'if [ "$DEBUG" = 1 ]; then go build .; else go build -a .; fi',
        'if [ "$GOFLAGS" = "-mod=vendor" ]; then go build .; else go build -a .; fi',
        "if [ -f x ]; then go build .; fi",
        "go build .",
        'if [ -n "$COVERALLS_TOKEN" ]; then go build .; fi',
    ],
)
def test_other_conditions_make_no_branch(text: str) -> None:
    assert {b.branch for b in builds(f"ARG GOFLAGS\nRUN {text}")} == {Branch.NONE}


def test_the_coverage_branch_is_conditional_only_where_its_variable_arrives() -> None:
    line = 'RUN if [ "$GOFLAGS" = "-cover" ]; then go build .; else go build -a .; fi'
    with_arg = [(b.instrumentation, b.variable) for b in builds(f"ARG GOFLAGS\n{line}")]
    assert with_arg == [(CONDITIONAL, "GOFLAGS"), (NO, None)]
    assert [b.instrumentation for b in builds(line)] == [NO, NO]


def test_a_branch_knows_its_statement() -> None:
    statement = 'if [ -n "$COVER" ]; then go build -cover .; fi'
    source, (only,) = read(f"RUN x && {statement}\n")
    assert only.conditional is not None
    assert source.slice(only.conditional).decode() == statement


# -- removals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "flag", "left"),
    [
        ("go build -a -o x .", "a", "go build -o x ."),
        ("go build -o x -a", "a", "go build -o x"),
        ("go build -a", "a", "go build"),
        ("go build   -a   .", "a", "go build   ."),
        ("go build \\\n    -a \\\n    -o x \\\n    .", "a", "go build \\\n    -o x \\\n    ."),
        ("go build -a \\\n    -o x .", "a", "go build \\\n    -o x ."),
        ("go build -o x . \\\n && b", "o", "go build . \\\n && b"),
        ("go build \\\n  -o x \\\n  -a \\\n && b", "a", "go build \\\n  -o x \\\n && b"),
        ("go build \\\n  -a \\\n  # why\n  -o x .", "a", "go build \\\n  # why\n  -o x ."),
        ("go build \\\n  # why\n  -a \\\n  -o x .", "a", "go build \\\n  # why\n  -o x ."),
        ("go build \\\n  # why\n  -o x -a \\\n  .", "o", "go build \\\n  # why\n  -a \\\n  ."),
        ("go build -installsuffix cgo .", "installsuffix", "go build ."),
        ("go build -installsuffix \\\n  cgo .", "installsuffix", "go build ."),
        ("go build -installsuffix=cgo .", "installsuffix", "go build ."),
        ("go build \\\r\n  -a \\\r\n  .", "a", "go build \\\r\n  ."),
        ("GOFLAGS='-a -x' go build .", "a", "GOFLAGS='-x' go build ."),
        ("GOFLAGS='-x -a' go build .", "a", "GOFLAGS='-x' go build ."),
        ('GOFLAGS="-x -a -v" go build .', "a", 'GOFLAGS="-x -v" go build .'),
        ("GOFLAGS=-a go build .", "a", "GOFLAGS= go build ."),
    ],
)
def test_a_removed_flag_leaves_a_good_line(line: str, flag: str, left: str) -> None:
    source, (only,) = read(f"RUN {line}\nUSER a\n")
    removal = next(f.removal for f in only.all_flags if f.name == flag)
    after = source.data[: removal.start] + source.data[removal.end :]
    assert after.decode() == f"{HEAD}RUN {left}\nUSER a\n"
    _, (again,) = read(after.decode())
    assert [f.name for f in again.all_flags] == [f.name for f in only.all_flags if f.name != flag]


def test_a_part_of_a_value_is_found_in_the_file() -> None:
    source, (only,) = read(
        'RUN go build -ldflags "-s \\\n -X \\"a=b\\" -extldflags \'-static\'" .\n'
    )
    ldflags = only.flag("ldflags")
    assert ldflags is not None
    assert ldflags.value is not None
    at = ldflags.value.index("-extldflags '-static'")
    span = ldflags.part_span(at, at + len("-extldflags '-static'"))
    assert span is not None
    assert source.slice(span) == b"-extldflags '-static'"
