from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.engine import Inspection, Options, inspect
from covlint.files import MemoryFiles
from covlint.fixer import fix
from covlint.registry import Registry
from covlint.selection import Selection
from covlint.source import SourceFile
from covlint.suppression import UnusedSuppression, suppressions
from covlint.testing import run_case
from toys import AddTags, DropA, Failing, registry


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


def test_what_covlint_says_itself_has_a_case() -> None:
    for case in UnusedSuppression.INVALID:
        run_case(UnusedSuppression, case)


# -- removing what is of no use ----------------------------------------------------

USED = "RUN go build -tags x -a .\n"  # COV901, and not COV902


def fixed(text: str, path: str = "Dockerfile") -> str:
    files = MemoryFiles({path: text})
    outcome = fix(files, registry(DropA, AddTags), Options(selection=Selection(ignore=("COV903",))))
    assert outcome.converged
    return next((change.after.decode() for change in outcome.changes), text)


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("# covlint: ignore[COV902] long gone\n", ""),
        ("  # covlint: ignore[COV902]\r\n", ""),
        ("# covlint: ignore[COV901, COV902] why\n", "# covlint: ignore[COV901] why\n"),
        ("# covlint: ignore[COV902,cov901] why\n", "# covlint: ignore[cov901] why\n"),
        (
            "# covlint: ignore[COV902, COV901, COV001] why\n",
            "# covlint: ignore[COV901] why\n",
        ),
        ("# covlint: ignore[COV902, COV001]\n", ""),
    ],
)
def test_what_is_of_no_use_is_removed(comment: str, left: str) -> None:
    target = USED if left else USED.replace(" -a", "")
    assert fixed(f"FROM golang\n{comment}{target}") == f"FROM golang\n{left}{target}"


@pytest.mark.parametrize(
    "comment",
    [
        "# covlint: ignore[COV999] misspelt?",
        "# covlint: ignore[COV902, COV999]",
        "# covlint: ignore",
        "# covlint: ignore[COV902] # hadolint ignore=DL3000",
        "# covlint: ignore[COV903] not asked for",
    ],
)
def test_what_may_be_of_use_stays(comment: str) -> None:
    text = f"FROM golang\n{comment}\nRUN go build -tags x .\n"
    expected = text.replace("[COV902, COV999]", "[COV999]")
    assert fixed(text) == expected


def test_at_the_end_of_a_line_the_line_stays() -> None:
    text = "a: 1  # note  # covlint: ignore[COV902]\nb: 2 # covlint: ignore[COV902] x\r\n"
    assert fixed(text, "x.yaml") == "a: 1  # note\nb: 2\r\n"


def test_a_crash_and_proven_leave_comments_alone() -> None:
    text = "FROM golang\n# covlint: ignore[COV902]\nRUN go build -a .\n"
    proven = Options(selection=Selection(proven=True, select=("COV902", "COV001")))
    files = MemoryFiles({"Dockerfile": text})
    assert inspect(files, registry(DropA, AddTags), proven).report.diagnostics == ()
    gone = text.replace("COV902", Failing.code).replace(" -a", "")
    files = MemoryFiles({"Dockerfile": gone})
    report = inspect(files, registry(DropA, Failing), Options()).report
    assert report.crashes
    assert report.diagnostics == ()


@given(
    codes=st.lists(st.sampled_from(["COV901", "COV902", "cov001", "COV999", " "]), max_size=4),
    reason=st.text(max_size=10),
    end=st.sampled_from(["\n", "\r\n", ""]),
)
def test_nothing_but_the_comment_changes(codes: list[str], reason: str, end: str) -> None:
    head, tail = "FROM golang\n", "RUN go build -tags x .\n"
    reason = "".join(reason.split())
    text = f"{head}# covlint: ignore[{','.join(codes)}]{reason}{end}" + (tail if end else "")
    after = fixed(text)
    assert after.startswith(head)
    assert after.endswith(tail if end else "")
    assert len(after) <= len(text)
    assert fixed(after) == after


# -- reasons, and files in which a rule is not wanted ------------------------------


@pytest.mark.parametrize(
    ("reason", "said"),
    [("", True), (" ", True), (" -", True), (" tini is there", False), (": why not", False)],
)
def test_a_reason_is_asked_for_where_it_is_required(reason: str, said: bool) -> None:
    text = f"FROM golang\n# covlint: ignore[COV901]{reason}\n{USED}"
    files = MemoryFiles({"Dockerfile": text})
    options = Options(require_reasons=True)
    found = inspect(files, registry(DropA, AddTags), options).report.diagnostics
    assert [(one.code, one.severity.value) for one in found] == (
        [("COV002", "warning")] if said else []
    )
    assert run(text).report.diagnostics == ()


def test_in_some_files_a_rule_is_not_wanted() -> None:
    text = "FROM golang\nRUN go build -a .\n"
    files = MemoryFiles(dict.fromkeys(("Dockerfile", "old/a/Dockerfile", "Old.Dockerfile"), text))
    selection = Selection(per_file=(("old/", ("COV901",)), ("Old.*", ("COV9",))))
    report = inspect(files, registry(DropA, AddTags), Options(selection=selection)).report
    found = [(one.code, one.span.path) for one in report.diagnostics]
    assert sorted(found) == [
        ("COV901", "Dockerfile"),
        ("COV902", "Dockerfile"),
        ("COV902", "old/a/Dockerfile"),
    ]


def test_a_comment_is_not_unused_where_its_rule_is_not_wanted() -> None:
    text = "FROM golang\n# covlint: ignore[COV901]\nRUN go build -tags x -a .\n"
    files = MemoryFiles({"Dockerfile": text})
    selection = Selection(per_file=(("Dockerfile", ("COV901",)),))
    options = Options(selection=selection)
    assert inspect(files, registry(DropA, AddTags), options).report.diagnostics == ()


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
