"""The table of formats in docs/formats.md: ``python -m accepted.table`` writes it there.

A row is a promise; ``test_accepted.py`` runs the validator that it names on what the command
writes, and on the same spoiled, which it must refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from accepted import readers as by

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "formats.md"
_BETWEEN = re.compile(r"(<!-- accepted -->\n).*?(<!-- /accepted -->)", re.DOTALL)

Spoil = Callable[[bytes], bytes]


def instead(old: str, new: str) -> Spoil:
    """Every ``old`` becomes ``new``."""

    def spoil(data: bytes) -> bytes:
        assert old.encode() in data, f"nothing to spoil: {old!r} is not in it"
        return data.replace(old.encode(), new.encode())

    return spoil


def cut(data: bytes) -> bytes:
    """Only the first half is left."""
    return data[: len(data) // 2]


@dataclass(frozen=True, slots=True)
class Row:
    """``use``: who it is for. ``words``: the validator, as the table names it."""

    command: str
    form: str
    use: str
    words: str
    check: by.Check
    spoil: Spoil = cut

    @property
    def option(self) -> str:
        return f"--{self.form}" if self.form in ("diff", "dry-run") else self.form


@dataclass(frozen=True, slots=True)
class File:
    """A file of the repository that other programs read."""

    path: str
    words: str
    check: Callable[[Path], None]
    spoil: Spoil = cut


_PEOPLE = "people"
_TEXT = (
    "no control characters, whatever files are called; examples of README and docs, run by tests"
)
_MARKDOWN = "markdown-it: whole tables, no HTML but what folds, shorter than a comment may be"
_NU = "the Nu Html Checker (W3C)"
_JUNIT = "the schema of Jenkins' xunit plugin (`junit-10.xsd`)"
_escape = instead("e", "\x1b[0me")
_script = instead("\n", "\n<script>x</script>\n")
_coloured = instead("<testcase ", "<testcase colour='red' ")
_unclosed = instead("</svg>", "<g>")
_versioned = instead('"version": 1', '"version": "one"')


def _ours(name: str) -> str:
    return f"jsonschema, with `covlint/{name}`"


ROWS = (
    Row("check", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("check", "json", "programs", _ours("report/schema.json"), by.schema("covlint.report", "schema.json"), _versioned),
    Row("check", "sarif", "code scanning, editors", "jsonschema, with OASIS' schema of SARIF 2.1.0 (errata 01)", by.sarif, instead('"level": "error"', '"level": "fatal"')),
    Row("check", "github", "annotations of GitHub Actions", "a reader of workflow commands, as the runner decodes them", by.github, instead("::error ", "::eror ")),
    Row("check", "gitlab", "code quality of GitLab", "the fields and severities that GitLab's documentation requires", by.gitlab, instead('"critical"', '"fatal"')),
    Row("check", "junit", "whatever shows test results", _JUNIT, by.junit, _coloured),
    Row("check", "rdjson", "reviewdog", "rdformat-validator; the suggestions, applied, are what `--fix` writes", by.rdjson, instead('"ERROR"', '"FATAL"')),
    Row("check", "diff", "patches", "`git apply --check`", by.patch, instead("\n-", "\n-x")),
    Row("verify", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("verify", "json", "programs", _ours("report/verify.schema.json"), by.schema("covlint.report", "verify.schema.json"), _versioned),
    Row("verify", "junit", "whatever shows test results: a case per claim", _JUNIT, by.junit, _coloured),
    Row("verify", "html", "browsers, offline", f"html5lib, strict; {_NU}; Chromium", by.html, instead("</main>", "</nav>")),
    Row("verify", "markdown", "job summaries, comments", _MARKDOWN, by.markdown, _script),
    Row("verify", "cobertura", "GitLab, Jenkins, Azure DevOps", "pycobertura; a DTD", by.cobertura),
    Row("verify", "lcov", "editors, genhtml", "`lcov --summary`, genhtml", by.lcov, instead("DA:", "XX:")),
    Row("verify", "badge", "README files", _NU, by.svg, _unclosed),
    Row("verify", "dry-run", "shells", "`sh -n`; run by tests", by.shell, instead("\n", "\nif (\n")),
    Row("report", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("report", "func", _PEOPLE, "the same as `go tool covdata func`", by.func),
    Row("report", "percent", _PEOPLE, "the same as `go tool covdata percent`", by.percent),
    Row("report", "textfmt", "`go tool cover`", "`go tool cover`", by.textfmt),
    Row("report", "cobertura", "GitLab, Jenkins, Azure DevOps", "pycobertura; a DTD", by.cobertura),
    Row("report", "lcov", "editors, genhtml", "`lcov --summary`, genhtml", by.lcov, instead("DA:", "XX:")),
    Row("report", "json", "programs, `covlint trend`", _ours("covdata/coverage.schema.json"), by.schema("covlint.covdata", "coverage.schema.json"), _versioned),
    Row("report", "html", "browsers, offline", f"html5lib, strict; {_NU}; Chromium", by.html, instead("</main>", "</nav>")),
    Row("report", "markdown", "job summaries, comments", _MARKDOWN, by.markdown, _script),
    Row("report", "badge", "README files", _NU, by.svg, _unclosed),
    Row("trend", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("trend", "json", "programs", _ours("trend/schema.json"), by.schema("covlint.trend", "schema.json"), _versioned),
    Row("trend", "markdown", "job summaries, comments", _MARKDOWN, by.markdown, _script),
    Row("trend", "svg", "pages", _NU, by.svg, _unclosed),
    Row("graph", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("graph", "json", "programs", "a JSON parser", by.plain_json),
    Row("graph", "mermaid", "Markdown of GitHub and GitLab", "Mermaid itself, in Chromium", by.mermaid, instead("flowchart", "flow chart")),
    Row("init", "diff", "patches", "`git apply --check`", by.patch, instead("\n+/", "\nx/")),
    Row("doctor", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("doctor", "json", "programs", "a JSON parser", by.plain_json),
    Row("why", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("why", "json", "programs", "a JSON parser", by.plain_json),
    Row("rule", "text", _PEOPLE, _TEXT, by.printable, _escape),
    Row("rule", "json", "programs", "a JSON parser", by.plain_json),
    Row("rule", "markdown", "pages", _MARKDOWN, by.markdown, _script),
)  # fmt: skip

FILES = (
    File("action.yml", "check-jsonschema, with the schema of GitHub actions; its steps, run by tests", by.schema_store("github-actions"), instead("using: composite", "using: magic")),
    File("ci/gitlab/covlint.yml", "check-jsonschema, with GitLab's schema; its jobs, run by tests", by.schema_store("gitlab-ci"), instead("when: always", "when: perhaps")),
    File(".pre-commit-hooks.yaml", "`pre-commit validate-manifest`; its hooks, run by pre-commit and prek", by.hooks, instead("language:", "tongue:")),
    File("linter/covlint/config.schema.json", "check-jsonschema, with the schema of schemas", by.metaschema, instead('"type": "object"', '"type": "thing"')),
)  # fmt: skip


def markdown() -> str:
    """The two tables."""
    lines = ["| command | format | for | accepted by |", "|---|---|---|---|"]
    last = ""
    for row in ROWS:
        command = f"`{row.command}`" if row.command != last else ""
        last = row.command
        lines.append(f"| {command} | `{row.option}` | {row.use} | {row.words} |")
    lines += ["", "| file | accepted by |", "|---|---|"]
    lines += [f"| `{file.path}` | {file.words} |" for file in FILES]
    return "\n".join(lines) + "\n"


def updated(page: str) -> str:
    """The page with the tables as they are now."""
    found, count = _BETWEEN.subn(lambda match: f"{match[1]}{markdown()}{match[2]}", page)
    assert count == 1
    return found


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
