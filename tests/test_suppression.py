from __future__ import annotations

import pytest

from covlint.engine import Inspection, Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.selection import Selection
from covlint.source import SourceFile
from covlint.suppression import suppressions
from toys import AddTags, DropA, registry


def run(text: str, *, select: tuple[str, ...] = ()) -> Inspection:
    options = Options(selection=Selection(select=select))
    return inspect(MemoryFiles({"Dockerfile": text}), registry(DropA, AddTags), options)


def codes(text: str, *, select: tuple[str, ...] = ()) -> list[str]:
    return [item.code for item in run(text, select=select).report.diagnostics]


def test_a_comment_speaks_of_the_instruction_below_it() -> None:
    text = (
        "FROM golang\n# covlint: ignore[COV901] needed for the cache\nRUN go build -tags x -a .\n"
    )
    assert codes(text) == []
    assert run(text).report.suppressed == 1


def test_it_reaches_into_a_continued_instruction() -> None:
    text = "FROM golang\n# covlint: ignore[COV901]\nRUN true && \\\n    go build -tags x -a .\n"
    assert codes(text) == []


def test_it_speaks_of_nothing_else() -> None:
    text = (
        "FROM golang\n# covlint: ignore[COV901]\nRUN go build -tags x -a .\n"
        "RUN go build -tags x -a .\n"
    )
    assert codes(text) == ["COV901"]


def test_other_codes_stay() -> None:
    text = "FROM golang\n# covlint: ignore[COV902]\nRUN go build -a .\n"
    assert codes(text) == ["COV901"]


def test_several_codes() -> None:
    text = "FROM golang\n# covlint: ignore[COV901, cov902]\nRUN go build -a .\n"
    assert codes(text) == []
    assert run(text).report.suppressed == 2


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("ignore[COV901] long gone", "nothing here is reported as COV901: remove this"),
        ("ignore[COV999]", "there is no rule COV999 to ignore"),
        ("ignore", "name the codes to ignore"),
        ("ignore[]", "name the codes to ignore"),
    ],
)
def test_a_suppression_that_suppresses_nothing_is_reported(comment: str, message: str) -> None:
    report = run(f"FROM golang\n# covlint: {comment}\nRUN go build -tags x .\n").report
    (found,) = report.diagnostics
    assert (found.code, found.severity.value) == ("COV001", "notice")
    assert message in found.message


def test_a_rule_that_did_not_run_leaves_its_suppressions_alone() -> None:
    text = "FROM golang\n# covlint: ignore[COV901]\nRUN go build -a .\n"
    assert codes(text, select=("COV902", "COV001")) == ["COV902"]


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: till}
spec:
  template:
    spec:
      containers:
        # first
        - name: till
          image: till
          env:
            # second
            - name: GOCOVERDIR
              value: /tmp/coverage
          volumeMounts:
            - {name: coverage, mountPath: /coverdata}
      volumes:
        - name: coverage
          # third
          hostPath:
            path: /coverdata
"""


@pytest.mark.parametrize(
    ("place", "ignored"), [("first", False), ("second", True), ("third", False)]
)
def test_above_a_mapping_a_comment_speaks_of_it(place: str, ignored: bool) -> None:
    text = DEPLOYMENT.replace(f"# {place}", "# covlint: ignore[COV501]")
    report = inspect(MemoryFiles({"deploy.yaml": text}), Registry.builtin(), Options()).report
    assert ("COV501" in [item.code for item in report.diagnostics]) is not ignored
    assert report.suppressed == int(ignored)


def test_above_the_key_of_a_mapping_too() -> None:
    text = DEPLOYMENT.replace("/tmp/coverage", "/coverdata")
    text += "            type: DirectoryOrCreate\n"
    text = text.replace(
        "          image: till\n",
        "          image: till\n          securityContext: {runAsUser: 1001}\n",
    )
    inspected = inspect(MemoryFiles({"deploy.yaml": text}), Registry.builtin(), Options())
    (found,) = [item for item in inspected.report.diagnostics if item.code == "COV304"]
    assert text.encode()[found.span.start :].startswith(b"/coverdata")
    text = text.replace("# third", "# covlint: ignore[COV304] the node is prepared by hand")
    report = inspect(MemoryFiles({"deploy.yaml": text}), Registry.builtin(), Options()).report
    assert report.suppressed == 1


def lines(path: str, text: str) -> list[tuple[int, bool, tuple[str, ...]]]:
    return [
        (item.line, item.alone, item.codes) for item in suppressions(SourceFile.of_text(path, text))
    ]


def test_where_comments_count() -> None:
    mark = "covlint: ignore[COV1]"
    codes = ("COV1",)
    assert lines("a.yaml", f"a: 1  # {mark} why\n") == [(1, False, codes)]
    assert lines("a.yaml", f"  # {mark}\r\na: 1\r\n") == [(1, True, codes)]
    assert lines("a.yaml", f"a: 1# {mark}\n") == []  # no comment in YAML
    assert lines("Dockerfile", f"RUN x # {mark}\n") == []  # an argument in a Dockerfile
    assert lines("a.go", f"\t// {mark}\nfunc main() {{}}\n") == [(1, True, codes)]
    assert lines("a.go", f"# {mark}\n") == []
    assert lines("a.sh", f"// {mark}\n") == []
    assert lines("a.yaml", f"\ufeff# {mark}\n") == [(1, True, codes)]
