"""Directories that an image creates, their owners and modes, and who may write there."""

from __future__ import annotations

import pytest

from covlint.documents.dockerfile import open_dockerfile
from covlint.facts.dockerfile.base_images import base_image
from covlint.facts.dockerfile.directories import Directory, DirectoryReader, is_writable
from covlint.facts.dockerfile.scope import scoped_stages
from covlint.source import SourceFile


def read(text: str, base: str = "debian") -> DirectoryReader:
    source = SourceFile.of_text("Dockerfile", f"FROM {base}\n{text}\n")
    reader = DirectoryReader(source.data, base_image(base))
    for instruction, scope in scoped_stages(open_dockerfile(source))[-1].steps:
        reader.read(instruction, scope)
    return reader


def directory(text: str, path: str = "/c", base: str = "debian") -> Directory | None:
    return next((d for d in read(text, base).finished() if d.path == path), None)


@pytest.mark.parametrize(
    ("text", "owner", "mode"),
    [
        ("RUN mkdir /c", "", None),
        ("RUN mkdir -p /c/d /c", "", None),
        ("RUN mkdir -m 777 /c", "", 0o777),
        ("RUN mkdir -pm 0777 /c", "", 0o777),
        ("RUN mkdir -p -m777 /c", "", 0o777),
        ("RUN mkdir --mode=1777 --parents /c", "", 0o1777),
        ("RUN mkdir -m a+rwx /c", "", 0o777),
        ("RUN mkdir -p /{a,c}", "", None),
        ("RUN cd / && mkdir c", "", None),
        ("WORKDIR /\nRUN mkdir c", "", None),
        ('RUN ["mkdir", "/c"]', "", None),
        ("ENV D=/c\nRUN mkdir $D", "", None),
        ("USER app\nRUN mkdir /c", "app", None),
        ("USER 1001:0\nRUN mkdir /c", "1001", None),
        ("WORKDIR /c", "", None),
        ("USER app\nWORKDIR /c", None, None),
        ("COPY x /c", "", None),
        ("COPY --chown=65532:65532 x /c", "65532", None),
        ("COPY --chown=app --chmod=0777 x /c/", "app", 0o777),
        ("COPY --from=b --chown=1001 /c /c", "1001", None),
        ("COPY --chown=$U x /c", None, None),
        ('COPY ["x", "/c"]', "", None),
        ("USER app\nCOPY x /c", "", None),
        ("RUN install -d /c", "", None),
        ("RUN install -d -m 0777 -o app -g app /c", "app", 0o777),
        ("RUN install -dm 777 /c", "", 0o777),
        ("RUN install --directory --owner=app --mode 700 /c", "app", 0o700),
        ("RUN mkdir /c && chown app:app /c", "app", None),
        ("RUN mkdir /c && chown -R app /c", "app", None),
        ("RUN mkdir /c && chown --recursive 1001:0 /", "1001", None),
        ("RUN mkdir /c && chown app /", "", None),
        ("RUN mkdir /c && chown -R :0 /c", "", None),
        ("RUN mkdir /c && chown $U /c", None, None),
        ("RUN mkdir /c && chmod 777 /c", "", 0o777),
        ("RUN mkdir /c && chmod -R a+w /c", "", 0o777),
        ("RUN mkdir /c && chmod o+w /c", "", 0o757),
        ("RUN mkdir /c && chmod g+rwX,o+w /c", "", 0o777),
        ("RUN mkdir /c && chmod -R g=u /c", "", 0o775),
        ("RUN mkdir /c && chmod u+x /c", "", 0o755),
        ("RUN mkdir /c && chmod $M /c", "", 0o777),
        ("RUN chmod 777 /c", "", 0o777),
        ("RUN <<EOF\nmkdir /c\nchown app /c\nEOF", "app", None),
        ("RUN adduser -D -h /c app", None, None),
    ],
)
def test_owner_and_mode(text: str, owner: str | None, mode: int | None) -> None:
    found = directory(text)
    if "adduser" in text:
        assert found is None
        return
    assert found is not None
    assert (found.owner, found.mode) == (owner, mode)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("RUN mkdir /c && chown 1001:0 /c", "0"),
        ("RUN mkdir /c && chown :0 /c", "0"),
        ("RUN mkdir /c && chgrp -R 0 /c", "0"),
        ("RUN mkdir /c && chown 1001 /c", None),
        ("COPY --chown=1001:root x /c", "root"),
        ("RUN install -d -g 0 /c", "0"),
    ],
)
def test_group(text: str, group: str | None) -> None:
    found = directory(text)
    assert found is not None
    assert found.group == group


@pytest.mark.parametrize(
    "text", ["RUN ./setup.sh", "RUN /x/setup.sh", "RUN $SETUP", "RUN mkdir $X", "RUN if a; then"]
)
def test_what_is_not_seen_may_make_directories(text: str) -> None:
    assert read(text).opaque


def test_what_is_seen_hides_nothing() -> None:
    assert not read("RUN apt-get update && mkdir /c\nCOPY . .\nUSER 1").opaque


@pytest.mark.parametrize(
    ("text", "user", "writable"),
    [
        ("RUN mkdir /c", "1001", False),
        ("RUN mkdir /c", "app", False),
        ("RUN mkdir -m 777 /c", "1001", True),
        ("RUN mkdir /c && chown 1001 /c", "1001", True),
        ("RUN mkdir /c && chown 1001 /c", "65532", False),
        ("RUN mkdir /c && chown app /c", "app", True),
        ("RUN mkdir /c && chown app /c", "1001", None),
        ("RUN useradd -r -u 1001 app && mkdir /c && chown app:app /c", "1001", True),
        ("RUN useradd -u 1001 app && mkdir /c && chown 1001 /c", "app", True),
        ("RUN adduser -D -H -u 1001 app && mkdir /c && chown app /c", "1002", False),
        (
            "RUN adduser --system --uid 1001 --ingroup x app && mkdir /c && chown app /c",
            "1001",
            True,
        ),
        ("RUN mkdir /c && chown nobody /c", "65534", True),
        ("COPY --chown=nonroot x /c", "65532", True),
        ("COPY --chown=65532 x /c", "nonroot", True),
        ("RUN mkdir /c && chown 1001:0 /c && chmod g+w /c", "1234", True),
        ("RUN mkdir /c && chown 1001:7 /c && chmod g+w /c", "1234", None),
        ("RUN mkdir /c && chown $U /c", "1001", None),
        ("RUN mkdir /c && chmod $M /c", "1001", True),
        ("RUN mkdir -p /c/d", "1001", False),
        ("RUN x", "1001", None),
        ("RUN mkdir /c && ./x.sh", "1001", None),
    ],
)
def test_who_may_write(text: str, user: str, writable: bool | None) -> None:
    reader = read(text)
    assert is_writable("/c/", user, reader.finished(), reader.opaque, reader.base) is writable


def test_tmp_is_writable_where_the_base_is_known() -> None:
    for base, writable in (("debian", True), ("example/x", None)):
        assert is_writable("/tmp", "1001", (), False, base_image(base)) is writable


def test_copied_files_are_found_again_in_the_context() -> None:
    copied = read("WORKDIR /app\nCOPY run.sh /\nCOPY a/b.sh c.sh ./\nCOPY x.sh /bin/y").copied
    assert copied == {
        "/run.sh": "run.sh",
        "/app/b.sh": "a/b.sh",
        "/app/c.sh": "c.sh",
        "/bin/y": "x.sh",
    }


def test_the_last_command_that_gives_a_directory_away_is_known() -> None:
    found = directory("RUN mkdir /c\nUSER app\nRUN chown 7 /c")
    assert found is not None
    assert found.changed_at == len("FROM debian\nRUN mkdir /c\nUSER app\nRUN ")
