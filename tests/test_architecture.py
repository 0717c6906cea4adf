"""The layers, held: imports go one way only, also inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import covlint
import covlint_rules

#: From the bottom up; a module imports from its own rung or from those below.
LADDER: tuple[tuple[str, ...], ...] = (
    ("covlint", "covlint.frozen", "covlint.source", "covlint.programs", "covlint.terminal"),
    ("covlint.files", "covlint.git"),
    ("covlint.covdata", "covlint.history"),
    ("covlint.diagnostics",),
    ("covlint.documents",),
    ("covlint.facts",),
    ("covlint.chain", "covlint.wiring", "covlint.golayout"),
    ("covlint.readers", "covlint.reading", "covlint.reparse"),
    ("covlint.rendering", "covlint.deployments", "covlint.makeruns", "covlint.composefiles"),
    ("covlint.project",),
    ("covlint.rule",),
    ("covlint.registry", "covlint.selection", "covlint.config"),
    ("covlint.suppression", "covlint.precedence", "covlint.baseline"),
    ("covlint.engine", "covlint.comments"),
    ("covlint.fixer",),
    ("covlint.patch", "covlint.swap", "covlint.staging", "covlint.writer"),
    ("covlint.report", "covlint.testing", "covlint.runner"),
    ("covlint.trend",),
    ("covlint.labs", "covlint.server", "covlint.initial", "covlint.config_schema"),
    ("covlint.cli",),
    ("covlint.__main__",),
)

#: What only one place may import.
OWNERS = {
    "click": ("covlint.cli",),
    "rich": ("covlint.cli", "covlint.report.text", "covlint.report.verify_text"),
    "pygls": ("covlint.server",),
    "lsprotocol": ("covlint.server",),
    "covlint_rules": (),
}

#: What a rule may know.
RULES_MAY = (
    "covlint.diagnostics",
    "covlint.facts",
    "covlint.registry",
    "covlint.rule",
    "covlint.source",
    "covlint.wiring",
    "covlint.chain",
    "covlint_rules",
)

ROOTS = {
    "covlint": Path(covlint.__file__).parent,
    "covlint_rules": Path(covlint_rules.__file__).parent,
}


def modules(package: str) -> Iterator[tuple[str, Path]]:
    root = ROOTS[package]
    for path in sorted(root.rglob("*.py")):
        if "_bundled" in path.parts:
            continue
        parts = (package, *path.relative_to(root).with_suffix("").parts)
        yield ".".join(parts).removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    """Every imported name, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, package: str) -> bool:
    return module == package or (package != "covlint" and module.startswith(package + "."))


def rung(module: str) -> int:
    for index, names in enumerate(LADDER):
        if any(within(module, name) for name in names):
            return index
    raise AssertionError(f"{module} has no place on the ladder")


CODE = [*modules("covlint"), *modules("covlint_rules")]
IDS = [name for name, _ in CODE]


@pytest.mark.parametrize(("module", "path"), CODE, ids=IDS)
def test_imports_go_one_way(module: str, path: Path) -> None:
    known = {name for name, _ in CODE}
    for imported in imports(path):
        top = imported.partition(".")[0]
        if top in OWNERS:
            owners = (*OWNERS[top], "covlint_rules") if top == "covlint_rules" else OWNERS[top]
            assert any(within(module, owner) for owner in owners), f"{module} imports {imported}"
        if imported not in known or imported == "covlint":
            continue
        if module.startswith("covlint_rules"):
            assert any(within(imported, name) for name in RULES_MAY), f"{module}: {imported}"
        elif imported.startswith("covlint."):
            assert rung(imported) <= rung(module), f"{module} imports {imported}, which is above it"


@pytest.mark.parametrize(("module", "path"), CODE, ids=IDS)
def test_frozen_classes_are_the_ones_that_are_made_fast(module: str, path: Path) -> None:
    if "@dataclass(frozen=True" in path.read_text() and module != "covlint.frozen":
        assert "covlint.frozen.dataclass" in set(imports(path))
        assert "dataclasses.dataclass" not in set(imports(path))


@pytest.mark.parametrize(("module", "path"), CODE, ids=IDS)
def test_only_the_command_line_prints(module: str, path: Path) -> None:
    if within(module, "covlint.cli"):
        return
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{module}:{node.lineno} prints"


@pytest.mark.parametrize(("module", "path"), CODE, ids=IDS)
def test_modules_stay_small_and_say_what_they_are(module: str, path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= (600 if module.startswith("covlint_rules.") else 350)
    if module.count(".") > 1 and module.startswith("covlint_rules"):
        return  # the page of a rule is the docstring of its class
    documentation = ast.get_docstring(ast.parse(text))
    assert documentation is not None
    assert "TODO" not in documentation
    assert path.stem not in {"utils", "helpers", "common", "misc", "_make"}
