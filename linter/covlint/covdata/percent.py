"""Coverage by package, as ``go tool covdata percent`` writes it."""

from __future__ import annotations

from covlint.covdata.profile import Profile


def render(profile: Profile) -> str:
    """One line a package; covdata leaves the rest of the line, its end too, off one that
    has no statements, so that the next package follows on the same line."""
    return "".join(
        f"\t{package.path}\t\t"
        + (f"coverage: {package.percent:.1f}% of statements\n" if package.statements else "")
        for package in profile.packages
    )
