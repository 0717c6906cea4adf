"""A run as Markdown for a GitHub job summary, a comment on a pull request, or a merge request.

GitHub refuses a comment above 65,536 characters and a summary above 1 MiB: what is long is
cut, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from covlint.covdata.summary import Part, Share, Summary
from covlint.covdata.verification import State, Verification

#: Below what GitHub takes as a comment, in characters.
LIMIT = 60_000
_PACKAGES = 150
_FILES = 15
_REMARKS = 20
_LONGEST = 600  # characters of a sentence
_NAMES = 120  # characters of a path
_BAR = 10
_MARKS = {"passed": "✅", "failed": "❌", "unknown": "❔"}
_HOPS = {State.HOLDS: "✓", State.BROKEN: "✗", State.UNSEEN: "?", State.UNPROVEN: "·"}
#: What Markdown, GitHub's mentions and its references to issues are made of.
_SPECIAL = re.compile(r"[<>&|@`*_~$\[\]\\#!]")


def render(summary: Summary, verification: Verification | None = None) -> str:
    """The Markdown, of at most :data:`LIMIT` characters."""
    for packages, files in ((_PACKAGES, _FILES), (60, 10), (20, 5), (5, 3)):
        text = "\n".join(_lines(summary, verification, packages, files)) + "\n"
        if len(text) <= LIMIT:
            return text
    cut = text[: LIMIT - 200].rpartition("\n")[0]
    closed = "\n\n</details>" * (cut.count("<details>") - cut.count("</details>"))
    return f"{cut}{closed}\n\n_The rest is left out: it is too long._\n"


def _lines(
    summary: Summary, verification: Verification | None, packages: int, files: int
) -> Iterator[str]:
    if verification is not None:
        yield from _verified(verification)
    if summary.total.statements:
        yield from _covered(summary, packages, files)
    elif verification is None or verification.verdict == "passed":
        yield "### Coverage"
        yield ""
        yield "There is no coverage in the data."
    if summary.remarks:
        yield ""
        yield "> [!WARNING]"
        for remark in summary.remarks[:_REMARKS]:
            yield f"> {_text(remark)}<br>"


def _verified(verification: Verification) -> Iterator[str]:
    mark = _MARKS[verification.verdict]
    yield f"### {mark} covlint verify {_code(verification.target)}: {verification.verdict}"
    yield ""
    if verification.hops:
        yield _chain(verification)
        yield ""
    failed = [c for c in verification.claims if c.verdict != "passed" and c.required]
    for claim in failed:
        yield f"- {_MARKS[claim.verdict]} {_text(claim.claim)}: {_text(claim.evidence)}"
    if failed:
        yield ""
    if verification.reasons:
        yield "**Why**"
        yield ""
        for reason in verification.reasons:
            what = [_code(word) for word in (reason.code, reason.place) if word]
            yield "- " + " ".join([*what, _text(reason.message)])
        yield ""
    yield "<details><summary>"
    passed = sum(claim.verdict == "passed" for claim in verification.claims)
    yield (
        f"{passed} of {len(verification.claims)} claims hold · {_html(verification.engine)} engine"
        f" · {_html(verification.toolchain)} · {verification.seconds:.0f} s</summary>"
    )
    yield ""
    yield "| | claim | evidence |"
    yield "|---|---|---|"
    for claim in verification.claims:
        aside = "" if claim.required else " (not required)"
        mark = _MARKS[claim.verdict]
        yield f"| {mark} | {_text(claim.claim)}{aside} | {_text(claim.evidence)} |"
    unproven = [hop.name for hop in verification.hops if hop.state is State.UNPROVEN]
    if unproven:
        yield ""
        yield f"Not proven by the {_text(verification.engine)} engine: {', '.join(unproven)}."
    yield ""
    yield "</details>"
    yield ""


def _chain(verification: Verification) -> str:
    """The hops in a row; the one that broke is in bold."""
    words: list[str] = []
    for hop in verification.hops:
        word = f"{_text(hop.name)} {_HOPS[hop.state]}"
        words.append(f"**{word}**" if hop.state is State.BROKEN else word)
    return " → ".join(words)


def _covered(summary: Summary, packages: int, files: int) -> Iterator[str]:
    total = summary.total
    yield f"### Coverage: {total.percent:.1f} %"
    yield ""
    flags = list(summary.flags) if len(summary.flags) > 1 else []
    if flags:
        yield "| | covered | statements | % | |"
        yield "|:--|--:|--:|--:|:--|"
        yield _row("**together**", total)
        for name in flags:
            yield _row(_code(name), summary.flags[name])
        yield ""
    else:
        yield f"{_bar(total)} {total.covered} of {total.statements} statements"
        yield ""
    yield from _worst(summary, files)
    listed = sorted(summary.packages, key=_missing, reverse=True)[:packages]
    left_out = len(summary.packages) - len(listed)
    count = len(summary.packages)
    yield f"<details><summary>{count} package{'' if count == 1 else 's'}</summary>"
    yield ""
    yield "| package | covered | statements | % | |" + "".join(f" {_code(f)} |" for f in flags)
    yield "|:--|--:|--:|--:|:--|" + "--:|" * len(flags)
    for part in sorted(listed, key=lambda part: part.path):
        own = "".join(f" {_percent(part, flag)} |" for flag in flags)
        yield _row(_code(part.path), part.share) + own
    if left_out:
        yield ""
        yield f"{left_out} more packages have fewer uncovered statements."
    yield ""
    yield "</details>"
    yield ""
    yield _footer(summary)


def _worst(summary: Summary, count: int) -> Iterator[str]:
    """The files in which most statements are not executed."""
    worst = [part for part in sorted(summary.files, key=_missing, reverse=True) if _missing(part)]
    if len(worst) < 2:
        return
    yield "<details><summary>Files with the most uncovered statements</summary>"
    yield ""
    yield "| file | uncovered | % | |"
    yield "|:--|--:|--:|:--|"
    for part in worst[:count]:
        yield (
            f"| {_code(part.path)} | {_missing(part)} | {part.share.percent:.1f} | "
            f"{_bar(part.share)} |"
        )
    yield ""
    yield "</details>"
    yield ""


def _footer(summary: Summary) -> str:
    parts: list[str] = []
    if summary.processes is not None:
        parts.append(f"{summary.processes} process{'' if summary.processes == 1 else 'es'}")
    if summary.mode is not None:
        parts.append(f"mode {summary.mode}")
    if summary.revision is not None:
        parts.append(f"revision {_code(summary.revision[:12])}")
    if summary.time is not None:
        parts.append(summary.time)
    return f"<sub>{' · '.join(parts)}</sub>" if parts else ""


def _row(name: str, share: Share) -> str:
    return (
        f"| {name} | {share.covered} | {share.statements} | {share.percent:.1f} | {_bar(share)} |"
    )


def _percent(part: Part, flag: str) -> str:
    share = part.flags.get(flag)
    return "–" if share is None else f"{share.percent:.1f}"


def _bar(share: Share) -> str:
    filled = round(_BAR * share.percent / 100)
    return "█" * filled + "░" * (_BAR - filled)


def _missing(part: Part) -> int:
    return part.share.statements - part.share.covered


def _code(text: str) -> str:
    """A code span that also stands in a table; no text ends it early."""
    plain = _one_line(text)
    if len(plain) > _NAMES:
        plain = "…" + plain[1 - _NAMES :]
    if not plain.strip():
        return "` `"
    if "|" in plain or "`" in plain:
        return f"<code>{_html(plain).replace('|', '&#124;').replace('`', '&#96;')}</code>"
    return f"`{plain}`"


def _text(text: str) -> str:
    """Escaped: no mark-up, no mention of a person, no link."""
    plain = _one_line(text)
    if len(plain) > _LONGEST:
        plain = plain[:_LONGEST] + "…"
    escaped: str = _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", plain)
    return escaped.replace("://", ":&#47;/").replace("www.", "www&#46;")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
