"""Ways out of a Go program on which its counters are not written."""

from __future__ import annotations

import pytest

from covlint.facts.golang.bypasses import read_bypasses
from covlint.source import SourceFile

HEAD = 'package main\n\nimport (\n\t"os"\n\t"os/signal"\n\t"syscall"\n)\n\n'


def found(body: str) -> list[tuple[str, bool]]:
    source = SourceFile.of_text("main.go", HEAD + body)
    return [(one.kind, one.plain) for one in read_bypasses([source])]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("func main() {\n\tsyscall.Exit(1)\n}\n", [("exit", True)]),
        ("func main() {\n\tdefer syscall.Exit(1)\n}\n", [("exit", True)]),
        ("func main() {\n\tif x {\n\t\tsyscall.Exit(1)\n\t}\n}\n", [("exit", False)]),
        ("func main() {\n\tif x {\n\t} else {\n\t\tsyscall.Exit(1)\n\t}\n}\n", [("exit", False)]),
        ("func main() {\n\tgo syscall.Exit(1)\n}\n", [("exit", False)]),
        ("func main() {\n\tfunc() { syscall.Exit(1) }()\n}\n", [("exit", False)]),
        ("func end() {\n\tsyscall.Exit(1)\n}\n", [("exit", False)]),
        (
            "func main() {\n\tif err := syscall.Exec(a, b, c); err != nil {\n\t}\n}\n",
            [("exec", True)],
        ),
        ("func main() {\n\tos.Exit(1)\n}\n", []),
        ("func main() {\n\t// syscall.Exit(1)\n}\n", []),
        ("func main() {\n\tsyscall.Kill(pid, syscall.SIGTERM)\n}\n", []),
        (
            "func main() {\n\tsignal.Stop(c)\n\tsyscall.Kill(os.Getpid(), s)\n}\n",
            [("raise", True)],
        ),
    ],
)
def test_what_bypasses_the_exit(body: str, expected: list[tuple[str, bool]]) -> None:
    assert found(body) == expected
