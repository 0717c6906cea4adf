"""A chart as the project installs it for coverage, in options of ``helm template``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covlint.facts.kubernetes.helm import toggles_of
from covlint.facts.kubernetes.helm_chart import chart_of
from covlint.facts.kubernetes.helm_release import HelmRelease, releases_of
from covlint.runner.process.build import Read
from covlint.source import SourceFile


def chart_options(
    folder: str, root: Path, read: Read, releases: Sequence[HelmRelease]
) -> tuple[str, ...]:
    """What the project is seen to set, and the switches for coverage that are off by default.

    ``folder`` ends with its slash, "" is the root. Raises UnreadableSource.
    """

    def there(path: str) -> SourceFile | None:
        return read(path) if (root / path).is_file() else None

    own = releases_of(folder, releases)
    named = dict.fromkeys(path for one in own for path in (one.span.path, *one.files))
    files = tuple(found for path in named if (found := there(path)) is not None)
    chart = chart_of(there(f"{folder}values.yaml"), there(f"{folder}Chart.yaml"), own, files)
    templates = sorted((root / folder / "templates").rglob("*"))
    below = [file.relative_to(root).as_posix() for file in templates if file.is_file()]
    toggles = toggles_of(map(read, below), chart)
    switches = [word for one in sorted(toggles) for word in ("--set", f"{one}=true")]
    return (*switches, *chart.options())
