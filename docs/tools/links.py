"""A hook of mkdocs: links that leave docs/ lead to the repository, as they do where it is browsed."""

from __future__ import annotations

import posixpath
import re
from typing import Any

#: The target of a Markdown link or image, without its fragment.
_TARGET = re.compile(r"(\]\()((?:\.\./)[^)#\s]+)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Called by mkdocs with the text of each page."""
    folder = posixpath.dirname(page.file.src_uri)
    return outward(markdown, folder, config.extra["repository"])


def outward(markdown: str, folder: str, repository: str) -> str:
    """``folder`` is that of the page, below docs/; code blocks stay as they are."""

    def target(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", folder, match[2]))
        inside = path == "docs" or path.startswith("docs/")
        return match[0] if inside else f"{match[1]}{repository}{path}"

    parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else _TARGET.sub(target, part) for part in parts)
