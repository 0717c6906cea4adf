"""Instrumented builds in scripts and Makefiles, and in which order scripts run."""

from __future__ import annotations

from covlint.documents.makereader import read_makefile
from covlint.facts.commands.extraction import read_script_steps
from covlint.facts.commands.makefiles import read_makefile_steps
from covlint.facts.commands.steps import ImageBuild
from covlint.facts.dockerfile.build import GoBuild, Instrumentation
from covlint.source import SourceFile


def script(text: str) -> tuple[SourceFile, list[GoBuild]]:
    source = SourceFile.of_text("hack/build.sh", text)
    return source, [one for one in read_script_steps(source) if isinstance(one, GoBuild)]


def makefile(
    files: dict[str, str], top: str = "Makefile"
) -> tuple[list[GoBuild], list[ImageBuild]]:
    def lookup(path: str) -> SourceFile | None:
        return SourceFile.of_text(path, files[path]) if path in files else None

    found = read_makefile_steps(read_makefile(SourceFile.of_text(top, files[top]), lookup))
    return (
        [one for one in found if isinstance(one, GoBuild)],
        [one for one in found if isinstance(one, ImageBuild)],
    )


def removals(source: SourceFile, build: GoBuild, name: str) -> list[bytes]:
    return [source.slice(flag.removal) for flag in build.all_flags if flag.name == name]


def test_a_build_of_a_script() -> None:
    source, (build,) = script(
        "cd svc\nexport GOFLAGS='-cover -a'\nCGO_ENABLED=0 go build -a -o till main.go\n"
    )
    assert build.instrumentation is Instrumentation.YES
    assert build.directory == "/svc"
    assert removals(source, build, "a") == [b" -a", b" -a"]
    assert [word.literal for word in build.packages] == ["main.go"]


def test_only_builds_for_coverage_are_facts() -> None:
    assert script("go build -a .\ngo test -cover ./...\ngo build -cover=false .\n")[1] == []
    assert script("if [ -z $COVER ]; then go build -cover .; fi\n")[1] == []


def test_items_of_an_array_are_read_and_not_edited() -> None:
    source, (build,) = script('a=(-cover)\na+=(-a)\ngo build "${a[@]}" -o x .\n')
    assert [flag.name for flag in build.flags] == ["cover", "a", "o"]
    assert removals(source, build, "a") == [b""]


def test_functions_and_loops_run_in_order() -> None:
    source = SourceFile.of_text(
        "build.sh",
        "image() { local name=$1; docker build -t $name:e2e services/$2; }\n"
        'image till a\nimage "$UNKNOWN" b\n'
        "for one in c d; do docker build -t $one $one; done\n"
        "for one in $(ls); do docker build -t $one $one; done\n"
        "recurse() { recurse; docker build -t deep .; }\nrecurse\n",
    )
    found = [one for one in read_script_steps(source) if isinstance(one, ImageBuild)]
    assert [(one.tags, one.context) for one in found] == [
        (("till:e2e",), "services/a"),
        ((), "services/b"),
        (("c",), "c"),
        (("d",), "d"),
        ((), None),
        (("deep",), "."),
    ]


def test_a_variable_that_became_nothing_stays() -> None:
    text = "FLAGS ?=\nGO ?= go\nx:\n\t$(GO) build $(FLAGS) -a -cover -o x ./cmd/x\n"
    (build,), _ = makefile({"Makefile": text})
    source = SourceFile.of_text("Makefile", text)
    assert removals(source, build, "a") == [b" -a"]
    assert [word.literal for word in build.packages] == ["./cmd/x"]


def test_flags_of_a_variable_are_read_and_not_edited() -> None:
    text = "FLAGS = -cover -a\nx:\n\tgo build $(FLAGS) -o x .\n"
    (build,), _ = makefile({"Makefile": text})
    assert removals(SourceFile.of_text("Makefile", text), build, "a") == [b""]


def test_variables_of_targets_reach_what_they_need() -> None:
    text = (
        "FLAGS ?=\ne2e: FLAGS = -cover\ne2e: run-e2e\nrun-%: bins\n"
        "BINS = a b\nbins: $(BINS)\n$(BINS):\n\tgo build $(FLAGS) -o bin/$@ ./cmd/$@\n"
        "plain:\n\tgo build $(FLAGS) -o x .\n"
    )
    builds, _ = makefile({"Makefile": text})
    (build,) = builds
    assert build.instrumentation is Instrumentation.CONDITIONAL


def test_make_passes_variables_on() -> None:
    _, images = makefile(
        {
            "Makefile": "ARGS ?=\ne2e:\n\t$(MAKE) image ARGS='--build-arg GOFLAGS=-cover'\n"
            "image:\n\tdocker build $(ARGS) -t x .\n"
        }
    )
    assert [[one.value for one in image.arguments] for image in images] == [[], ["-cover"]]


def test_included_files_and_defines() -> None:
    _, images = makefile(
        {
            "svc/Makefile": "include ../common.mk\ninclude ../common.mk\n-include none.mk\n"
            "x:\n\t$(call image,till,a)\n",
            "common.mk": "include svc/Makefile\nTAG = e2e\n"
            "define image\n@docker build -t $(1):$(TAG) $(2)\nendef\n"
            "y:\n\tdocker build -t y:$(TAG) .\n",
        },
        "svc/Makefile",
    )
    assert [(one.span.path, one.tags, one.context) for one in images] == [
        ("common.mk", ("y:e2e",), "svc"),
        ("svc/Makefile", ("till:e2e",), "svc/a"),
    ]


def test_exported_variables_are_set_in_recipes() -> None:
    text = "export GOFLAGS = -cover -a\nexport TAG := e2e\nx:\n\tgo build -o x . && docker build -t x:$$TAG .\n"
    (build,), (image,) = makefile({"Makefile": text})
    assert removals(SourceFile.of_text("Makefile", text), build, "a") == [b" -a"]
    assert image.tags == ("x:e2e",)
