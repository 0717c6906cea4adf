"""Go code for tests: a manifest that a function prints, and how edits of it are checked."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

from covlint.diagnostics import Edit
from covlint.facts.kubernetes.workload import join_edits
from covlint.source import Word

HEAD = 'package e2e\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n'
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: till
spec:
  containers:
  - name: till
    image: %s
    env:
    - name: LOG
      value: debug%s
    volumeMounts:
    - name: config
      mountPath: /etc/till%s
  volumes:
  - name: config
    emptyDir: {}%s
"""
SNIPPETS = """\
	env, mount, volume := "", "", ""
	if os.Getenv("E2E_COVERAGE") == "true" {
		env = `
    - name: GOCOVERDIR
      value: /coverdata`
		mount = `
    - name: coverage
      mountPath: /coverdata`
		volume = `
  - name: coverage
    hostPath:
      path: /coverdata`
	}
"""


def function(body: str, parameters: str = "image string") -> str:
    return f"{HEAD}func manifest({parameters}) string {{\n{body}}}\n"


def sprintf(template: str, *arguments: str) -> str:
    return f"\treturn fmt.Sprintf(`{template}`, {', '.join(arguments)})\n"


def text_of(word: Word | None) -> str | None:
    return None if word is None else word.text


def applied(text: str, edits: Iterable[Edit], path: str = "test/e2e/a.go") -> str:
    data = text.encode()
    for edit in reversed(join_edits(edits)):
        assert edit.span.path == path
        data = data[: edit.span.start] + edit.replacement + data[edit.span.end :]
    return data.decode()


def assert_gofmt(text: str) -> None:
    gofmt = shutil.which("gofmt")
    if gofmt is not None:
        done = subprocess.run([gofmt], input=text.encode(), capture_output=True, check=True)
        assert done.stdout.decode() == text


WHOLE = function(SNIPPETS + sprintf(POD, "image", "env", "mount", "volume"))
