"""Programs that Go code starts for coverage, and what ends them."""

from __future__ import annotations

import pytest

from covlint.documents.gotext import GoPackage
from covlint.engine import Options, inspect
from covlint.facts.commands.steps import Step, StepKind
from covlint.facts.golang.commands import read_commands
from covlint.files import MemoryFiles
from covlint.registry import Registry
from covlint.selection import Selection
from covlint.source import SourceFile

HEAD = 'package e2e\n\nimport "os/exec"\n\n'
BEGIN = (
    '\tcmd := exec.Command("./bin/till", "--port", "1")\n'
    '\tcmd.Env = append(os.Environ(), "GOCOVERDIR="+dir)\n'
    "\tcmd.Stdout = os.Stdout\n\tif err := cmd.Start(); err != nil {\n\t\tt.Fatal(err)\n\t}\n"
)
CLEANED_UP = (
    "\tt.Cleanup(func() {\n\t\tif cmd.Process != nil {\n\t\t\tcmd.Process.Kill()\n\t\t}\n"
    "\t\tcmd.Wait()\n\t})\n"
)


def kills(text: str) -> list[str]:
    source = SourceFile.of_text("e2e/a_test.go", HEAD + text)
    facts = read_commands(GoPackage([source]))
    steps = [one for one in facts if isinstance(one, Step) and one.kind is StepKind.KILL]
    return [source.slice(one.span).decode() for one in steps]


def in_function(body: str) -> list[str]:
    return kills(f"func TestTill(t *testing.T) {{\n{BEGIN}{body}}}\n")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\tcmd.Process.Kill()\n", "cmd.Process.Kill()"),
        ("\tdefer cmd.Process.Kill()\n\texercise(t)\n", "cmd.Process.Kill()"),
        ("\t_ = cmd.Process.Kill()\n\tcmd.Wait()\n", "cmd.Process.Kill()"),
        ("\tgo cmd.Wait()\n\tcmd.Process.Kill()\n", "cmd.Process.Kill()"),
        ("\tdefer cmd.Wait()\n\tdefer cmd.Process.Kill()\n", "cmd.Process.Kill()"),
        (CLEANED_UP, "cmd.Process.Kill()"),
        ("\tcmd.Process.Signal(os.Kill)\n", "cmd.Process.Signal(os.Kill)"),
        ("\tcmd.Process.Signal(syscall.SIGKILL)\n", "cmd.Process.Signal(syscall.SIGKILL)"),
        (
            '\tt.Logf("pid %d", cmd.Process.Pid)\n\tsyscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)\n',
            "syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)",
        ),
        (
            "\tif err := cmd.Process.Kill(); err != nil {\n\t\tt.Fatal(err)\n\t}\n",
            "cmd.Process.Kill()",
        ),
    ],
)
def test_a_kill_is_the_end(body: str, expected: str) -> None:
    assert in_function(body) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "\tcmd.Process.Signal(syscall.SIGTERM)\n\tcmd.Wait()\n",
        "\tdefer cmd.Process.Kill()\n\tcmd.Process.Signal(os.Interrupt)\n\tcmd.Wait()\n",
        "\tdefer cmd.Process.Kill()\n\thttp.Post(url+quit, nil)\n\tcmd.Wait()\n",
        "\tselect {\n\tcase <-done:\n\tcase <-time.After(time.Second):\n\t\tcmd.Process.Kill()\n\t}\n",
        "\tif hung {\n\t\tcmd.Process.Kill()\n\t}\n",
        "\tstop(cmd)\n\tcmd.Process.Kill()\n",
        "\tpid := cmd.Process.Pid\n\tend(pid)\n\tcmd.Process.Kill()\n",
        "\tcmd.Cancel = func() error { return nil }\n\tcmd.Process.Kill()\n",
        "\tcmd.Process.Signal(syscall.SIGUSR1)\n\tcmd.Process.Kill()\n",
        '\t// cmd.Process.Kill()\n\tt.Log("cmd.Process.Kill()")\n',
        "\tother.Process.Kill()\n",
        "\tcmd.Wait()\n\tcmd.Process.Kill()\n",
    ],
)
def test_what_may_end_in_order_is_no_kill(body: str) -> None:
    assert in_function(body) == []


KILLED = f"func TestTill(t *testing.T) {{\n{BEGIN}\tcmd.Process.Kill()\n}}\n"
SUITE = (
    "var cmd *exec.Cmd\n\nvar _ = BeforeSuite(func() {\n"
    '\tcmd = exec.Command(binary)\n\tcmd.Env = append(os.Environ(), "GOCOVERDIR=cov")\n'
    "\tExpect(cmd.Start()).To(Succeed())\n})\n\n"
    "var _ = AfterSuite(func() {\n\tExpect(cmd.Process.Kill()).To(Succeed())\n})\n"
)
FIELD = (
    "type till struct {\n\tcmd *exec.Cmd\n}\n\n"
    "func (s *till) start(dir string) {\n"
    '\ts.cmd = exec.CommandContext(ctx, "./till")\n'
    '\ts.cmd.Env = append(os.Environ(), "GOCOVERDIR="+dir)\n\ts.cmd.Start()\n}\n\n'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FIELD + "func (t *till) stop() {\n\tt.cmd.Process.Kill()\n}\n", 1),
        (
            FIELD + "func (t *till) stop() {\n\tt.cmd.Process.Kill()\n}\n\n"
            "func (t *till) quit() {\n\tt.cmd.Process.Signal(os.Interrupt)\n}\n",
            0,
        ),
        (FIELD + "func (t *other) stop() {\n\tt.cmd.Process.Kill()\n}\n", 0),
        (SUITE, 1),
        (KILLED.replace("GOCOVERDIR", "HOME") + "// GOCOVERDIR\n", 0),
        (KILLED.replace("cmd.Start", "cmd.Run") + "// .Start()\n", 0),
        (KILLED, 1),
    ],
)
def test_a_command_that_more_than_one_function_uses(text: str, expected: int) -> None:
    assert len(kills(text)) == expected


def test_the_rule_speaks_of_it() -> None:
    text = HEAD + f"func TestTill(t *testing.T) {{\n{BEGIN}\tdefer cmd.Process.Kill()\n}}\n"
    options = Options(selection=Selection(select=("COV603",)))
    report = inspect(MemoryFiles({"a_test.go": text.encode()}), Registry.builtin(), options).report
    (found,) = report.diagnostics
    assert found.message.startswith("cmd.Process.Kill() is SIGKILL")
    assert text.encode()[found.span.start : found.span.end] == b"cmd.Process.Kill()"
    (related,) = found.related
    assert text.encode()[related.span.start :].startswith(b'exec.Command("./bin/till"')
