"""What ``covlint verify`` promises of containers: no secret goes in, they listen on 127.0.0.1
only, and nothing is written but results. ``tests/runner/test_promises.py`` is for processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engines.project import MAIN, Layout, verify

CANARY = "canary-that-nobody-may-hear"
#: The last ones are those that podman takes along by itself.
SECRETS = ("COVLINT_CANARY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "FTP_PROXY", "http_proxy")
SAYS_ALL = MAIN.replace(
    'log.Print("listening")',
    'for _, one := range os.Environ() {\n\t\tlog.Print("has ", one)\n\t}\n\tlog.Print("listening")',
)
#: Sockets of this host that belong to the service's port.
LOOK = """\
import os, pathlib

port = f"{int(os.environ['PORT']):04X}"
for table in ("tcp", "tcp6"):
    for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and words[1].endswith(":" + port):
            print("listens", table, words[1])
"""


@pytest.mark.parametrize("engine", ["container", "play"])
def test_a_container_gets_no_secret_and_listens_here_only(
    tmp_path: Path, base_images: Callable[..., None], engine: str
) -> None:
    base_images("golang:1.22-bookworm", "gcr.io/distroless/static:nonroot")
    project, home = tmp_path / "project", tmp_path / "home"
    home.mkdir()
    Layout(
        f"promises-{engine}",
        main=SAYS_ALL,
        pod="securityContext: {runAsUser: 0}",
        files={"look.py": LOOK},
        target={"engine": engine, "exercise": "python3 look.py", "env": {"NAMED": "by-hand"}},
    ).write(project)
    before = contents(project)
    done = verify(project, **dict.fromkeys(SECRETS, f"http://u:{CANARY}@127.0.0.1:9"))
    assert done.code == 0, done.shown
    log = (project / ".covlint" / "app" / "service.log").read_text()
    assert "has NAMED=by-hand" in log
    assert CANARY not in log
    for path in (project / ".covlint").rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes(), path
    # nothing but results, which lie in .covlint
    assert contents(project) == before
    said = (project / ".covlint" / "app" / "exercise.log").read_text().split()
    addresses = {address.partition(":")[0] for address in said[2::3]}
    assert addresses == {"0100007F"}, said  # 127.0.0.1, as proc(5) writes it
    announced = done.stderr.index("$ exercise: python3 look.py")
    assert announced < done.stderr.index("✓ build: ")


def contents(folder: Path) -> dict[str, bytes]:
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*")}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if path.is_file() and not name.startswith(".covlint/")
    }
