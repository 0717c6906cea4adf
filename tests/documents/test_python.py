"""Python files: places of nodes, names, and files that are no Python."""

from __future__ import annotations

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covlint.documents.assembled import known_text
from covlint.documents.python import PythonError, PythonFile, open_python
from covlint.documents.pythontext import PythonTexts
from covlint.documents.scriptvalues import ROOT, plain
from covlint.facts.python.reading import read_python
from covlint.source import SourceFile, UnreadableSource


def opened(text: str | bytes, path: str = "e2e/conftest.py") -> PythonFile:
    return open_python(SourceFile(path, text.encode() if isinstance(text, str) else text))


def strings(file: PythonFile) -> list[bytes]:
    nodes = (node for node in file.nodes if isinstance(node, cst.SimpleString))
    return [file.source.slice(file.span(node)) for node in nodes]


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_places_are_those_of_the_bytes(head: bytes, newline: bytes) -> None:
    lines = [
        "# é…",
        "x = {'é': \"ü\",",
        "  'b': f'a{x}b' \"😀\"}",
        "",
        "def f():",
        "\treturn ('z')",
    ]
    data = head + newline.join(line.encode() for line in lines) + newline
    expected = ["'é'", '"ü"', "'b'", '"😀"', "'z'"]
    assert strings(opened(data)) == [one.encode() for one in expected]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = (\n", "line"),
        ("print 'a'\n", "line 1"),
        ("x = " + "(" * 5000 + ")" * 5000, "nested"),
        ("x = 1" + "+1" * 20_000, "nested"),
        ("x" + ".a" * 20_000, "nested"),
        ("f()" + "()" * 20_000, "nested"),
        ("x = " + "a if b else " * 9000 + "c", "nested"),
        ("x = " + "-" * 5000 + "1", "nested"),
        ("x = (" + '"a"\n' * 9000 + ")", "nested"),
        ("\nif 1: pass\n" + "elif 1: pass\n" * 3000, "nested"),
    ],
)
def test_what_is_no_python_is_said(text: str, reason: str) -> None:
    with pytest.raises(PythonError, match=reason):
        opened(text)
    # a file that has nothing to say is not read that far
    command = 'subprocess.run(["docker", "build", "."]); '
    facts, unread = read_python(SourceFile("a.py", (command + text).encode()))
    assert not facts
    assert reason in unread[0].reason


def test_long_lists_are_no_depth() -> None:
    opened("x = {\n" + "".join(f'  "{n}": [{n}, -{n}, f({n})],\n' for n in range(3000)) + "}\n")


def value(text: str, path: str = "e2e/deep/a.py") -> str | None:
    """The text of ``RESULT`` in a file."""
    file = opened(text, path)
    node = next(
        one.value
        for one in file.nodes
        if isinstance(one, cst.Assign)
        and isinstance(one.targets[0].target, cst.Name)
        and one.targets[0].target.value == "RESULT"
    )
    known = known_text(PythonTexts(file).text(node, file.scope_of(node)))
    return None if known is None else plain(known)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RESULT = 'a' \"b\" + 'c'", "abc"),
        ("T = 'till'\nRESULT = f'{T}:e2e {{x}}'", "till:e2e {x}"),
        ("T = 'till'\nRESULT = '%s:%d' % (T, 3)", "till:3"),
        ("T = 'till'\nRESULT = '{}:{t}'.format(T, t='x')", "till:x"),
        ("RESULT = 'a TOKEN b'.replace('TOKEN', 'x')", "a x b"),
        ("import os\nRESULT = os.path.join('a', 'b', 'c')", "a/b/c"),
        ("import os\nRESULT = os.path.join('a', '/b')", "/b"),
        (
            "from pathlib import Path\nRESULT = Path(__file__).resolve().parent.parent / 'x'",
            "./e2e/x",
        ),
        ("from pathlib import Path\nRESULT = str(Path(__file__).parents[2] / 'x')", "./x"),
        ("import os\nRESULT = os.path.dirname(os.path.abspath(__file__))", "./e2e/deep"),
        ("import os\nRESULT = os.environ.get('TAG', 'e2e')", "e2e"),
        ("import os\nRESULT = os.environ.get('TAG') or 'e2e'", "e2e"),
        ("import os\nRESULT = os.environ['TAG']", None),
        ("def f(n):\n    return f'{n}:e2e'\nRESULT = f('till')", "till:e2e"),
        ("T = 'a'\nT = 'b'\nRESULT = T", None),
        ("T = 'a'\nT += 'b'\nRESULT = T", None),
        ("for T in 'ab': pass\nRESULT = T", None),
        ("import os\nRESULT = '-cover' if os.getenv('COVERAGE') else ''", "-cover"),
        ("import os\nRESULT = 'a' if os.getenv('X') else 'b'", None),
        ("RESULT = '''\\\nx'''", "x"),
        ("RESULT = 'a\\tb'", "a\tb"),
        ("RESULT = r'a\\tb'", "a\\tb"),
        ("RESULT = ' '.join(['a', 'b'])", "a b"),
        ("RESULT = RESULT", None),
    ],
)
def test_texts(text: str, expected: str | None) -> None:
    assert value(text + "\n") == expected


def test_functions_that_call_themselves_end() -> None:
    assert value("def f(x):\n    return f(x + 'a')\nRESULT = f('a')\n") is None


def test_locals_hide_the_names_of_the_module() -> None:
    text = "T = 'a'\ndef f():\n    T = 'b'\n    RESULT = T\n"
    assert value(text) == "b"


WORDS = [
    "client.V1Pod(", "V1Container(", "name='till'", "env=[", ")", "]", "{", "}", '"apiVersion": "v1"',
    '"kind": "Pod"', "subprocess.run(", '["docker", "build", "-t", TAG, "."]', "'''", '"""', "f'", "\\",
    "\n", "    ", "def f(x):", "return x", "x = ", "x.append(", "GOCOVERDIR", "coverdata", "é", "\r\n",
    "%s", ".format(", "**x", "*x", ", ", ": ", "lambda: ", "x['a'][0]", "docker_build('a', '.')", "\x0c",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n", "\t", "#", "if ", " else ", ROOT,
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=30).map("".join))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    source = SourceFile("a.py", text.encode())
    try:
        facts, _ = read_python(source)
    except UnreadableSource:
        return
    for fact in facts:
        assert 0 <= fact.span.start <= fact.span.end <= len(source.data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    try:
        read_python(SourceFile("a.py", b"GOCOVERDIR = 1\n" + data))
    except UnreadableSource:
        return
