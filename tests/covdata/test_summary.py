"""The numbers of one run: written, read back, and refused when they are none."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.covdata import summary
from covlint.covdata.summary import BadSummary, FailedClaim, Part, Share, Summary, Verified

RUN = Summary(
    Share(3, 5),
    (Part("example.com/a", Share(3, 5), {"unit": Share(1, 5), "e2e": Share(3, 5)}),),
    (Part("example.com/a/é.go", Share(3, 5), {"unit": Share(1, 5)}),),
    {"unit": Share(1, 5), "e2e": Share(3, 5)},
    "atomic",
    "2026-01-02T03:04:05Z",
    "0123456789abcdef0123456789abcdef01234567",
    2,
    ("example.com/a/cmd",),
    ("x has no meta-data",),
    Verified(
        "api",
        "kind",
        "failed",
        (FailedClaim("it is there", "no", "no-meta"),),
        "mount",
        ("COV501",),
    ),
)


def test_what_is_written_is_read():
    text = summary.render(RUN)
    assert summary.parse(text) == RUN
    assert json.loads(text) == summary.document(RUN)
    bare = Summary(Share(0, 0))
    assert summary.parse(summary.render(bare)) == bare


def test_a_package_is_a_line():
    lines = summary.render(RUN).splitlines()
    assert next(line for line in lines if "example.com/a/é.go" in line).startswith('  {"path"')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mode: set", "no JSON"),
        ("[]", "no coverage report"),
        ("{}", "no coverage report"),
        ('{"packages": [], "statements": 1, "version": 2}', "version 2"),
        ('{"packages": [], "statements": 1, "covered": 2, "version": 1}', "2 of 1 statements"),
        ('{"packages": 7, "statements": 1, "covered": 1, "version": 1}', "damaged"),
        ('{"packages": [], "statements": Infinity, "covered": 1, "version": 1}', "damaged"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_is_none(text: str, words: str):
    with pytest.raises(BadSummary, match=words):
        summary.parse(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from(sorted(summary.document(RUN))), _JSON)
def test_a_document_with_anything_in_it_is_read_or_refused(key: str, value: object):
    with contextlib.suppress(BadSummary):
        summary.parse(json.dumps({**summary.document(RUN), key: value}))
