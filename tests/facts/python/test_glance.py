"""What a quick look at a Python file says: too much at times, never too little.

The tests of the readers go through it, so that each fact they find is one it lets through.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlint.facts.python.glance import may_say_something
from covlint.facts.python.reading import read_python
from covlint.source import SourceFile


@pytest.mark.parametrize(
    "text",
    [
        'subprocess.run(["docker", "build", "."])',
        'subprocess.run([TOOL, "cp", "node:/coverdata", "out"])  # TOOL = "docker"',
        'run(f"{self.runtime} build -t x .", shell=True)',
        'os.system("kubectl cp pod:/cov out")',
        'sh("""\n  kind load docker-image x\n""")',
        'tool = "docker"\nrun(tool + " cp a:/b c")',
        'spec = {"apiVersion": "v1", "kind": "Pod", "spec": {}}',
        'spec = {"apiVersion": "v1", "kind": KIND}',
        "client.V1Deployment(spec=x)",
        'docker.from_env().images.build(path=".")',
        "not python (",
        'X = "apiVersion: v1\\nkind: Pod\\n# GOCOVERDIR ontainers"',
    ],
)
def test_what_may_say_something(text: str) -> None:
    assert may_say_something(text)


@pytest.mark.parametrize(
    "text",
    [
        '"""Runs docker build, kubectl cp and more; GOCOVERDIR is set elsewhere."""',
        "# docker build --build-arg GOFLAGS=-cover .",
        'client.images.pull("x", buildargs={})',
        'role = {"apiVersion": "rbac/v1", "kind": "Role"}',
        'X = "apiVersion: v1\\nkind: Pod\\nspec: {containers: []}"',
        "for path, name in pairs:\n    print(f'{path} {name} does not exist')",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert not may_say_something(text)


PIECES = st.sampled_from(
    ["run([", "docker", "'docker'", ", ", "'build'", "])", "\n", "x = ", "{'kind': 'Pod'", "}",
     "'apiVersion': 'v1'", "f'{x} cp '", "os.system(", "'kind load docker-image x'", ")", "(", "["]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=12).map("".join)))
def test_any_text_is_looked_at(text: str) -> None:
    assert may_say_something(text) in (True, False)


def test_deep_nesting_is_left_to_the_reader() -> None:
    for text in ("(" * 5000, "-" * 50_000 + "1", "x" + ".y" * 20_000, "[" * 150 + "]" * 150):
        may_say_something(text)
        read_python(SourceFile.of_text("deep.py", text + "\n# docker build GOCOVERDIR"))
