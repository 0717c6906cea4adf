"""Dockerfiles as nobody writes them: escapes, comments, heredocs and forms in all mixtures."""

from __future__ import annotations

from hypothesis import strategies as st

_FLAGS = [
    "--mount=type=a", "--from=b", "--chown=1:0", "--link", '--mount=target="/a b",id=x',
    "--x='a \"b'", "--chmod=a\\ b", '--x="a\\"b"', "--x=", '--x=""',
]  # fmt: skip
_COMMENT = st.sampled_from(["# c", "  # RUN x", "#escape=x", "# a \\", "", "  "])
_WORD = st.sampled_from(
    ["a", "b=c", "$X", '"q w"', "'s d'", "&&", "--x", "é", "a\\ b", "${A:-b}", "[", "x<<E", "a#c"]
)


@st.composite
def _instruction(draw: st.DrawFn, escape: str) -> list[str]:
    """The lines of an instruction: continued, commented, with heredocs or a JSON form."""
    keyword = draw(
        st.sampled_from(["RUN", "run", "COPY", "CMD", "Entrypoint", "ADD", "ONBUILD RUN"])
    )
    indent = draw(st.sampled_from(["", "  ", "\t"]))
    flags = draw(st.lists(st.sampled_from(_FLAGS), max_size=2))
    head = [keyword, *flags]
    if draw(st.integers(0, 4)) == 0:
        array = draw(
            st.sampled_from(['["a"]', '[ "a", "b c" ]', '["\\"", "é"]', "['a']", '["a",]', "[]"])
        )
        return [indent + " ".join([*head, array])]
    lines = [indent + " ".join(head)]
    names: list[tuple[str, str]] = []
    for words in draw(st.lists(st.lists(_WORD, min_size=1, max_size=3), min_size=1, max_size=3)):
        text = " ".join(words)
        if draw(st.booleans()):
            lines[-1] += f" {escape}" + draw(st.sampled_from(["", " ", "\t"]))
            lines.extend(draw(st.lists(_COMMENT, max_size=2)))
            lines.append("  " + text)
        else:
            lines[-1] += " " + text
        if keyword not in {"CMD", "Entrypoint"} and draw(st.integers(0, 3)) == 0:
            dash = draw(st.sampled_from(["", "-"]))
            name = draw(st.sampled_from(["EOF", "E2"]))
            quote = draw(st.sampled_from(["", "'", '"']))
            lines[-1] += f" <<{dash}{quote}{name}{quote}"
            names.append((dash, name))
    for dash, name in names:
        body = st.sampled_from(["a", "FROM b", "# c", "", "x \\", "\ty", f" {name}", f"{name} "])
        lines.extend(draw(st.lists(body, max_size=3)))
        lines.append(("\t" if dash else "") + name)
    return lines


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    """A Dockerfile that BuildKit takes."""
    directives = draw(
        st.lists(st.sampled_from(["# syntax=a/b:1", "#escape=`", "# c"]), max_size=2, unique=True)
    )
    escape = "`" if "#escape=`" in directives and directives[0] != "# c" else "\\"
    lines = [*directives, "FROM a AS b"]
    for _ in range(draw(st.integers(1, 5))):
        lines.extend(draw(st.lists(_COMMENT, max_size=1)))
        lines.extend(draw(_instruction(escape)))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    start = draw(st.sampled_from(["", "\ufeff"]))
    return start + newline.join(lines) + draw(st.sampled_from(["", newline, newline * 2]))
