"""What kubectl prints of several files is told apart."""

from __future__ import annotations

from manifests.server import refusals

#: Of kubectl 1.20 and 1.32, shortened.
SAID = """\
Warning: resource namespaces/e2e is missing the annotation
[error validating "/t/0/3.yaml": error validating data: ValidationError(Pod.spec): unknown field "x"; if you choose to ignore these errors, turn validation off, error validating "/t/0/4.yaml": error validating data: [a, b]; if you choose to ignore these errors, turn validation off, resource mapping not found for name: "job" namespace: "" from "/t/0/60.yaml": no matches for kind "CronJob" in version "batch/v1"
ensure CRDs are installed first]
Error from server (Invalid): error when creating "/t/0/7.yaml": Pod "till" is invalid: [spec.a: one, spec.b: two]
Error from server (Invalid): error when creating "/t/0/8.yaml": Pod "till" is invalid: 
* spec.a: one
* spec.b: two
Warning: spec.c is deprecated
Error from server (Invalid): error when creating "/t/0/refused.yaml": Namespace "-" is invalid: x
"""  # noqa: W291


def test_each_file_has_its_own_error() -> None:
    assert refusals(SAID) == {
        3: 'error validating data: ValidationError(Pod.spec): unknown field "x"',
        4: "error validating data: [a, b]",
        60: 'no matches for kind "CronJob" in version "batch/v1"',
        7: 'Pod "till" is invalid: [spec.a: one, spec.b: two]',
        8: 'Pod "till" is invalid: \n* spec.a: one\n* spec.b: two',
    }


def test_nothing_is_said_of_accepted_ones() -> None:
    assert refusals("Warning: something\n") == {}
