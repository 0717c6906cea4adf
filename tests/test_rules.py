"""Every rule of the built-in pack: its cases, its page, its place in the table."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import pytest

from covlint.diagnostics import Evidence, Severity
from covlint.registry import Registry
from covlint.rule import Rule
from covlint.testing import Case, case_id, cases, run_case, subject_of

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTICE

#: Codes, names and severities are a promise to users: they never change.
PROMISED = {
    "COV101": ("uninstrumented-build", E),
    "COV102": ("go-too-old", E),
    "COV103": ("undeclared-goflags", E),
    "COV104": ("overridden-goflags", E),
    "COV105": ("coverpkg-without-main", E),
    "COV106": ("malformed-goflags", E),
    "COV107": ("forced-rebuild", W),
    "COV108": ("install-suffix", W),
    "COV109": ("static-extldflags", W),
    "COV110": ("file-argument-build", W),
    "COV111": ("remote-install", E),
    "COV112": ("non-atomic-snapshot", E),
    "COV113": ("mixed-covermodes", W),
    "COV114": ("test-binary", E),
    "COV115": ("narrowed-coverpkg", W),
    "COV116": ("disabled-redesign", E),
    "COV117": ("unused-build-arg", E),
    "COV118": ("instrumented-release", W),
    "COV201": ("unwritable-coverdir", E),
    "COV202": ("missing-coverdir", E),
    "COV203": ("shell-without-exec", E),
    "COV204": ("deaf-stop-signal", E),
    "COV205": ("relative-coverdir", E),
    "COV206": ("stale-binary", E),
    "COV207": ("stray-quotes", E),
    "COV301": ("unset-coverdir", E),
    "COV302": ("unmounted-coverdir", W),
    "COV303": ("read-only-coverdir", E),
    "COV304": ("non-root-coverdir", W),
    "COV305": ("ephemeral-coverdir", W),
    "COV306": ("abrupt-termination", W),
    "COV307": ("shell-command", E),
    "COV308": ("registry-pull", W),
    "COV309": ("split-coverdir", E),
    "COV310": ("forbidden-by-namespace", W),
    "COV311": ("hostpath-type", W),
    "COV312": ("capless-root", W),
    "COV401": ("missing-extra-mount", W),
    "COV402": ("read-only-extra-mount", E),
    "COV403": ("unmounted-worker", W),
    "COV404": ("unexpanded-host-path", W),
    "COV405": ("selinux-label", Severity.NOTICE),
    "COV501": ("mismatched-coverdir", E),
    "COV502": ("mismatched-node-path", E),
    "COV503": ("unextracted-coverage", W),
    "COV504": ("stale-image", W),
    "COV601": ("unhandled-sigterm", E),
    "COV602": ("interrupt-only", E),
    "COV603": ("forced-kill", E),
    "COV604": ("wiped-while-running", E),
    "COV605": ("bypassed-exit", E),
    "COV606": ("early-collection", W),
    "COV701": ("repeated-input-flag", E),
    "COV702": ("nested-input", E),
    "COV703": ("concatenated-profiles", W),
    "COV704": ("stale-data", W),
    "COV705": ("missing-covdata-cache", W),
    "COV706": ("exit-code-trust", N),
    "COV707": ("mixed-toolchains", W),
}
REFUTED = {"COV107", "COV108", "COV109"}

REGISTRY = Registry.builtin()
RULES = list(REGISTRY.rules())
CASES = [(rule, case) for rule in RULES for case in cases(rule)]
CASE_IDS = [f"{rule.code}-{case_id(case)}" for rule, case in CASES]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=CASE_IDS)
def test_case(rule: type[Rule[Any]], case: Case) -> None:
    run_case(rule, case)


def test_the_rules_are_those_that_are_promised() -> None:
    assert {rule.code: (rule.name, rule.severity) for rule in RULES} == PROMISED


def test_the_table_is_sorted_by_code() -> None:
    import covlint_rules

    found = [entry.code for entry in covlint_rules.RULES]
    assert found == sorted(found)


@pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])
class TestRule:
    def test_the_module_is_named_after_the_rule(self, rule: type[Rule[Any]]) -> None:
        package, family, module = rule.__module__.split(".")
        assert package == "covlint_rules"
        assert family in {
            "build",
            "image",
            "workload",
            "cluster",
            "wiring",
            "shutdown",
            "collection",
        }
        assert module == rule.name.replace("-", "_")
        words = [word.capitalize() for word in rule.name.split("-")]
        assert rule.__name__.lower() == "".join(words).lower()

    def test_the_table_names_its_subject(self, rule: type[Rule[Any]]) -> None:
        entry = REGISTRY.entry(rule.code)
        assert entry is not None
        assert entry.subject == subject_of(rule)

    def test_it_has_a_page(self, rule: type[Rule[Any]]) -> None:
        page = inspect.getdoc(rule)
        assert page is not None
        summary, _, rest = page.partition("\n\n")
        assert "\n" not in summary, "the summary is one line"
        assert summary.endswith(".")
        assert rest.strip(), "the page says why the data is lost and how to repair it"

    def test_its_attributes_are_complete(self, rule: type[Rule[Any]]) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+", rule.since)
        assert (rule.evidence is Evidence.REFUTED) is (rule.code in REFUTED)
        assert rule.source, "where the claim was measured or published"
        if rule.severity is E:
            assert rule.symptom is not None, "an error says what is seen of it"

    def test_it_has_cases_of_both_kinds(self, rule: type[Rule[Any]]) -> None:
        assert rule.VALID
        assert rule.INVALID

    def test_its_logic_is_short(self, rule: type[Rule[Any]]) -> None:
        """At most 60 lines of statements beside imports, docstrings and cases."""
        module = inspect.getmodule(rule)
        assert module is not None
        tree = ast.parse(inspect.getsource(module))
        assert len(_logic(tree)) <= 60


def _logic(tree: ast.Module) -> set[int]:
    """Lines of code inside functions, docstrings left out."""
    lines: set[int] = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        body = function.body
        if ast.get_docstring(function) is not None:
            body = body[1:]
        for statement in body:
            lines.update(node.lineno for node in ast.walk(statement) if isinstance(node, ast.stmt))
    return lines
