"""A small program of two flags, as coverage and as sources, for the tests of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from covlint.covdata.flags import Coverage, lay_over
from covlint.covdata.page import document
from covlint.covdata.summary import summary_of
from covlint.covdata.textfmt import parse
from covlint.covdata.verification import Claim, HopState, Reason, State, Step, Verification

A, B, C = (f"example.com/app/{name}" for name in ("a.go", "internal/store/b.go", "cmd/app/c.go"))
SOURCES = {
    A: b"""package app

func Sign(n int) string {
\tif n < 0 { return "<0" }
\treturn "&"
}

// Never is not called, whatever /* happens */.
func Never() {
\tprintln("x", `raw
text`)
}
""",
    B: b"package store\n\nfunc Put() {\n\tprintln(1)\n}\n\nfunc Get() {\n\tprintln(2)\n}\n",
    C: b"package main\n\nfunc main() {\n\tprintln()\n}\n\nfunc idle() {\n\tprintln()\n}\n",
}
UNIT = f"""mode: count
{A}:3.25,4.11 1 5
{A}:4.11,4.26 1 0
{A}:5.2,5.12 1 5
{A}:9.14,12.2 1 0
{B}:3.12,5.2 1 2
{B}:7.12,9.2 1 0
"""
E2E = f"""mode: count
{A}:3.25,4.11 1 1
{A}:4.11,4.26 1 1
{A}:5.2,5.12 1 0
{A}:9.14,12.2 1 0
{B}:3.12,5.2 1 0
{B}:7.12,9.2 1 3
{C}:3.13,5.2 1 1
{C}:7.13,9.2 1 0
"""
FAILED = Verification(
    "till",
    "kind",
    "go1.26.8",
    "failed",
    (
        Claim("the exercise passed", "passed", "exit code 0"),
        Claim("meta-data files exist", "failed", "the folder <is> empty", symptom="no-meta"),
        Claim("every test passed", "unknown", "no results", required=False),
    ),
    (
        HopState("build", State.HOLDS, "go build -cover", "Dockerfile:7"),
        HopState("image", State.UNSEEN),
        HopState("workload", State.UNPROVEN, "no cluster"),
        HopState("mount", State.BROKEN, "nothing is mounted at /coverdata", "pod.yaml:9"),
    ),
    (Reason("nothing is mounted at /coverdata", "COV302", "pod.yaml:9"),),
    (Step("build", "go build", 2.5, failed=False), Step("read", "the data", 0.5, failed=True)),
    ("a note",),
)


def coverage(*, flags: bool = True) -> Coverage:
    if not flags:
        return Coverage(parse(E2E))
    return lay_over([("unit", parse(UNIT)), ("e2e", parse(E2E))])


def page(
    of: Coverage | None = None,
    sources: Mapping[str, bytes] = SOURCES,
    verification: Verification | None = None,
    trend_svg: str | None = None,
) -> str:
    of = of or coverage()
    summary = replace(summary_of(of), time="2026-01-02T03:04:05Z", revision="0" * 40, processes=3)
    return document.render(of, summary, sources, verification=verification, trend_svg=trend_svg)
