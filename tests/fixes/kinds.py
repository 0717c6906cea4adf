"""The language of a file, by its name."""

from __future__ import annotations

import re

YAML, DOCKERFILE, GO, MAKEFILE, PYTHON, SHELL = (
    "yaml", "dockerfile", "go", "makefile", "python", "shell",
)  # fmt: skip
_NAMES = (
    (YAML, r"\.ya?ml$"),
    (GO, r"\.go$"),
    (PYTHON, r"\.py$|(?:^|/)Tiltfile[^/]*$"),
    (SHELL, r"\.(?:ba)?sh$"),
    (MAKEFILE, r"(?:^|/)(?:GNU)?[Mm]akefile(?:\.\w+)?$|\.mk$"),
    (DOCKERFILE, r"(?i)(?:docker|container)file(?!.*\.dockerignore$)[^/]*$"),
)
_KINDS = [(kind, re.compile(pattern)) for kind, pattern in _NAMES]


def kind_of(path: str) -> str | None:
    return next((kind for kind, pattern in _KINDS if pattern.search(path)), None)
