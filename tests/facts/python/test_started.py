"""Programs that Python code starts for coverage, and what kills them."""

from __future__ import annotations

import pytest

from covlint.engine import Options, inspect
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.python.reading import read_python
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.selection import Selection
from covlint.source import SourceFile

HEAD = "import os\nimport signal\nimport subprocess\n\n\ndef test_till(tmp_path):\n"
BEGIN = (
    '    proc = subprocess.Popen(["./bin/till", "--port", "1"],\n'
    '                            env={**os.environ, "GOCOVERDIR": str(tmp_path)})\n'
)


def kills(body: str, begin: str = BEGIN) -> list[str]:
    source = SourceFile.of_text("e2e/test_till.py", HEAD + begin + body)
    steps = (one for one in read_python(source)[0] if isinstance(one, Step))
    return [source.slice(one.span).decode() for one in steps if one.kind is StepKind.KILL]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    proc.kill()\n", "proc.kill()"),
        ("    try:\n        check()\n    finally:\n        proc.kill()\n", "proc.kill()"),
        ("    if proc.poll() is None:\n        proc.kill()\n    proc.wait()\n", "proc.kill()"),
        ("    proc.send_signal(signal.SIGKILL)\n", "proc.send_signal(signal.SIGKILL)"),
        ("    print(proc.pid)\n    os.kill(proc.pid, 9)\n", "os.kill(proc.pid, 9)"),
        (
            "    os.killpg(os.getpgid(proc.pid), signal.SIGKILL)\n",
            "os.killpg(os.getpgid(proc.pid), signal.SIGKILL)",
        ),
    ],
)
def test_a_kill_is_the_end(body: str, expected: str) -> None:
    assert kills(body) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "    proc.terminate()\n    proc.wait()\n",
        "    try:\n        proc.wait(5)\n    except TimeoutExpired:\n        proc.kill()\n",
        "    proc.send_signal(signal.SIGINT)\n    proc.kill()\n",
        "    os.kill(proc.pid, signal.SIGTERM)\n    proc.kill()\n",
        "    if hung:\n        proc.kill()\n",
        "    stop(proc)\n    proc.kill()\n",
        "    yield proc\n    proc.kill()\n",
        "    proc.stdin.close()\n    proc.kill()\n",
        "    proc.wait()\n    proc.kill()\n",
        "    other.kill()\n",
        '    """proc.kill()"""  # proc.kill()\n',
    ],
)
def test_what_may_end_in_order_is_no_kill(body: str) -> None:
    assert kills(body) == []


def test_a_program_without_a_directory_of_its_own() -> None:
    assert kills("    proc.kill()\n", BEGIN.replace("GOCOVERDIR", "HOME") + "# GOCOVERDIR\n") == []


def test_a_field_of_a_class() -> None:
    text = (
        "import os, subprocess\n\n\nclass Till:\n    def start(self):\n"
        '        self.proc = subprocess.Popen(["till"], env=dict(os.environ, GOCOVERDIR="cov"))\n\n'
        "    def stop(self):\n        self.proc.kill()\n"
    )
    for added, count in (("", 1), ("\n    def quit(self):\n        self.proc.terminate()\n", 0)):
        facts = read_python(SourceFile.of_text("a.py", text + added))[0]
        steps = [one for one in facts if isinstance(one, Step)]
        assert [one.kind for one in steps].count(StepKind.KILL) == count
        assert steps[0].operands == ("till", "$self.proc")
        assert steps[0].source == "cov"


def test_the_rule_speaks_of_it() -> None:
    text = HEAD + BEGIN + "    proc.kill()\n"
    options = Options(selection=Selection(select=("COV603",)))
    files = MemoryFiles({"test_till.py": text.encode()})
    (found,) = inspect(files, Registry.builtin(), options).report.diagnostics
    assert found.message.startswith("proc.kill() is SIGKILL")
    assert text[found.span.start : found.span.end] == "proc.kill()"
