"""Profiles and data folders that are attacks: what is told of them is valid, and escaped."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from sys import executable

import html5lib
import pytest
from lxml import etree
from markdown_it import MarkdownIt

from hostile.test_configuration import CONSOLE
from hostile.test_hostile import OWN, RAW

NAMES = (
    "x/<script>alert(1)</script>.go",
    "x/]]><x y='\"&.go",
    "x/\x1b[31m\x1b]0;t\x07\x9b31m.go",
    "x/a\u202egnp\u2066\u2028.go",
    "x/${{ github.token }} |`![x](javascript:y)`.go",
    "x/::error ::x%0A.go",
    "x/../../../../etc/passwd",
    "/etc/passwd",
    "x/" + "a" * 5000 + ".go",
)
FORMATS = ("text", "func", "percent", "textfmt", "cobertura", "lcov", "json", "html", "markdown")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    lines = [f"{name}:{n + 1}.1,{n + 2}.2 1 {n % 2}" for n, name in enumerate(NAMES)]
    (folder / "cover.out").write_text("mode: set\n" + "\n".join(lines) + "\n")
    data = folder / "covdata"
    data.mkdir()
    (data / ("covmeta." + "0" * 32)).write_bytes(b"\x00covm" + b"\xff" * 200)
    (data / f"covcounters.{'0' * 32}.1.\x1b[31m").write_bytes(b"\x00cvcr" + b"\xff" * 200)
    os.mkfifo(data / ("covmeta." + "1" * 32))
    (data / ("covmeta." + "2" * 32)).symlink_to("/dev/zero")
    (data / ("covmeta." + "3" * 32)).symlink_to("/etc/passwd")
    (data / "loop").symlink_to(".")
    (folder / "log").write_text(
        "\x1b[31mwarning: GOCOVERDIR not set\x1b[0m \u202e\nerror: \x9b ]]>\n"
    )
    return folder


@pytest.fixture
def covlint(folder: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    def call(*words: str) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [executable, *CONSOLE, *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(OWN)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert b"Traceback" not in done.stderr + done.stdout
        assert b"internal error" not in done.stderr
        assert b"root:x:0" not in done.stdout
        assert not RAW.search(done.stderr.decode())
        return done

    return call


def test_reports_of_a_hostile_profile(
    covlint: Callable[..., subprocess.CompletedProcess[bytes]], folder: Path
) -> None:
    asked = [word for name in FORMATS for word in ("--output-format", f"{name}={folder / name}")]
    assert covlint("report", "cover.out", "--output", "said", *asked).returncode == 0
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in FORMATS}
    raw = {name for name, text in texts.items() if RAW.search(text)}
    assert raw == {"textfmt", "lcov"}  # whose readers take names as they are
    json.loads(texts["json"])
    etree.fromstring(texts["cobertura"].encode(), etree.XMLParser(resolve_entities=False))
    page = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False).parse(texts["html"])
    assert not [one for one in page.iter("script") if "alert(1)" in (one.text or "")]
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(texts["markdown"])
    assert "<script" not in shown
    assert "<img" not in shown


@pytest.mark.parametrize(
    "words",
    [
        ("report", "covdata"),
        ("report", "covdata", "cover.out", "--by-service"),
        ("doctor", "covdata", "--log", "log"),
        ("doctor", "covdata", "--format", "json"),
        ("doctor", "--log", "log", "--binary", "log"),
        ("why", "x", "covdata"),
        ("trend", "add", "cover.out", "--to", "kept"),
        ("trend", "kept", "--format", "markdown"),
        ("trend", "kept", "--format", "svg"),
        ("trend", "kept", "--format", "json"),
    ],
)
def test_what_is_told_of_hostile_data(
    covlint: Callable[..., subprocess.CompletedProcess[bytes]], words: tuple[str, ...]
) -> None:
    done = covlint(*words)
    said = done.stdout.decode()
    assert done.returncode in (0, 1, 2, 3, 4)
    assert not RAW.search(said)
    if words[-1] == "json" and done.returncode < 2:
        json.loads(said)
    if words[-1] == "svg" and done.returncode < 2:
        etree.fromstring(said.encode())
