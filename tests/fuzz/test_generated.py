"""check and fix on whole projects that hypothesis makes."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.generated import projects
from fuzz.mutations import by_lines
from fuzz.seeds import tokens
from fuzz.targets import checked, fixed

#: The same ones each time: a run of the tests must not depend on chance.
_QUICK = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@_QUICK
@given(projects())
def test_check_reports_inside_its_files(contents: dict[str, bytes]) -> None:
    checked(contents)


@_QUICK
@given(projects(), st.randoms(use_true_random=False), st.data())
def test_a_project_with_a_damaged_file_is_fixed(
    contents: dict[str, bytes], random: Random, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(contents) or ["Dockerfile"]))
    damaged = by_lines(contents.get(path, b""), random, tokens("fix"))
    fixed({**contents, path: damaged})


def test_fixes_keep_other_bytes_end_and_are_enough() -> None:
    applied: list[str] = []

    @_QUICK
    @given(projects())
    def collect(contents: dict[str, bytes]) -> None:
        applied.extend(fixed(contents))

    collect()
    assert len(set(applied)) >= 8, sorted(set(applied))
