"""The fix that gives an image a GOCOVERDIR that its user can write to."""

from __future__ import annotations

from covlint.diagnostics import Applicability, Edit, Fix
from covlint.facts.dockerfile.base_images import Shell
from covlint.facts.dockerfile.image import Image
from covlint.facts.quoting import is_plain, shell_word
from covlint.source import Span


def owned_directory(image: Image, path: str) -> Fix | None:
    """Create ``path`` for the image's user. None when the files do not show how, or when a later
    instruction gives it to somebody else.

    An empty directory changes nothing that a production image does, so the
    fix is safe. Images without a shell get the directory from the build stage.
    """
    user = image.user.name
    root = image.user.root is True
    if not (root or is_plain(user)) or "\n" in path:
        return None
    word = shell_word(path)
    copied = next((d for d in image.directories if d.path == path), None)
    owner = f"{user}:{user}" if user.isdigit() else user
    if copied is not None and copied.changed_at > image.insertion:
        return None
    if copied is not None and copied.copied:
        place = copied.span.start + len("COPY")
        edit = Edit(Span(copied.span.path, place, place), f" --chown={owner}".encode())
        return Fix(f"Give {path} to user {user}", Applicability.SAFE, (edit,))
    if image.shell in {Shell.DASH, Shell.BASH, Shell.BUSYBOX}:
        if not image.root_at_insertion:
            return None
        line = f"RUN mkdir -p {word}" + ("" if root else f" && chown {user} {word}")
        return Fix(
            f"Create {path}" + ("" if root else f" for user {user}"),
            Applicability.SAFE,
            (_line(image, image.insertion, line),),
        )
    if image.shell is not Shell.NONE or image.builder_insertion is None or not is_plain(path):
        return None
    if not root and not user.isdigit():
        return None
    chown = "" if root else f" --chown={owner}"
    return Fix(
        f"Create {path} in the build stage and copy it" + ("" if root else f" for user {user}"),
        Applicability.SAFE,
        (
            _line(image, image.builder_insertion, f"RUN mkdir -p {path}"),
            _line(image, image.insertion, f"COPY --from={image.builder_name}{chown} {path} {path}"),
        ),
    )


def _line(image: Image, offset: int, text: str) -> Edit:
    newline = image.newline.decode()
    # after a last line without a line ending, the new line brings one
    text = f"{newline}{text}" if offset == image.unended else f"{text}{newline}"
    return Edit(Span(image.dockerfile, offset, offset), text.encode())
