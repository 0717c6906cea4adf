"""The place of a crash, from stacks as Go 1.22 prints them."""

from __future__ import annotations

import pytest

from covlint.runner.diagnosis.crash import crash_site

PANIC = """2026/11/23 listening
panic: lost

goroutine 1 [running]:
main.main()
\t/src/cmd/app/main.go:23 +0x1c5
"""
NIL = """http: ready
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x6b1c0e]

goroutine 7 [running]:
net/http.(*conn).serve(0xc000108120, {0x7f, 0x1})
\t/usr/local/go/src/net/http/server.go:2009 +0x5f4
example.com/app/internal/store.(*Store).Put(...)
\t/src/internal/store/store.go:11
created by main.main in goroutine 1
\t/src/cmd/app/main.go:20 +0x3a
"""


@pytest.mark.parametrize(
    ("log", "files", "site"),
    [
        (PANIC, {"cmd/app/main.go"}, ("cmd/app/main.go", 23)),
        (PANIC, {"main.go"}, ("main.go", 23)),
        (PANIC, {"other.go"}, None),
        # the standard library's server.go is not the project's
        (NIL, {"server.go", "internal/store/store.go"}, ("internal/store/store.go", 11)),
        (NIL, {"cmd/app/main.go"}, ("cmd/app/main.go", 20)),
        (PANIC.replace("panic: lost", "lost"), {"cmd/app/main.go"}, None),
    ],
)
def test_the_first_frame_of_the_project(
    log: str, files: set[str], site: tuple[str, int] | None
) -> None:
    assert crash_site(log, files.__contains__) == site
