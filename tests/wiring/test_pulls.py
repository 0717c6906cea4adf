"""The HTTP pull of a chain, by code: Go and Python tests ask the service for its counters."""

from __future__ import annotations

import pytest

from covlint.chain import Certainty, Hop
from covlint.engine import Options, inspect
from covlint.files import MemoryFiles
from covlint.registry import Registry

SERVICE = {
    "go.mod": b"module example.com/till\n",
    "main.go": b"""\
package main

import (
	"net/http"
	"runtime/coverage"
)

func main() {
	http.HandleFunc("/coverage", func(w http.ResponseWriter, r *http.Request) {
		_ = coverage.WriteMeta(w)
		_ = coverage.WriteCounters(w)
	})
	_ = http.ListenAndServe(":8080", nil)
}
""",
    "Dockerfile": b"FROM golang:1.24\nCOPY . .\nRUN go build -cover -covermode=atomic -o /till .\n"
    b'ENTRYPOINT ["/till"]\n',
    "build.sh": b"docker build -t till .\n",
    "pod.yaml": b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: till\nspec:\n  containers:\n"
    b"    - name: till\n      image: till\n",
}
GO = b"""\
package e2e

import "net/http"

func pull() {
	_, _ = http.Get("http://localhost:8080/coverage")
}
"""
PYTHON = b"""\
import requests


def pull(port):
    return requests.get(f"http://localhost:{port}/coverage")
"""


@pytest.mark.parametrize(
    ("path", "text", "by"),
    [("e2e/a_test.go", GO, "http.Get"), ("e2e/test_a.py", PYTHON, "requests.get")],
)
def test_code_that_pulls_the_counters_is_the_extraction(path: str, text: bytes, by: str) -> None:
    files = MemoryFiles({**SERVICE, path: text})
    (chain,) = inspect(files, Registry.builtin(), Options()).project.chains()
    (link,) = (one for one in chain.links if one.hop is Hop.EXTRACTION)
    assert (link.span.path if link.span else None, link.label) == (path, f"pulled by {by}")
    assert link.certainty is Certainty.EXACT


def test_nothing_pulls_them() -> None:
    (chain,) = inspect(MemoryFiles(SERVICE), Registry.builtin(), Options()).project.chains()
    (link,) = (one for one in chain.links if one.hop is Hop.EXTRACTION)
    assert link.certainty is Certainty.UNKNOWN
