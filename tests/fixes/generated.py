"""Projects that nobody wrote: cases of the rules in several variants at once, mixed and mutilated."""

from __future__ import annotations

from functools import cache
from random import Random

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from fixes.emitted import emitted
from fixes.kinds import DOCKERFILE, MAKEFILE, SHELL, kind_of
from fixes.kinds import YAML as YAML_KIND
from fixes.projects import Project, of_rules
from fixes.variants import VARIANTS


@cache
def _cases() -> tuple[Project, ...]:
    return tuple(project for project in of_rules() if project.fixed)


def generated(random: Random) -> tuple[str, dict[str, bytes]]:
    """What was done, and the files."""
    case = random.choice(_cases())
    files = dict(case.files)
    said = [case.name]
    if random.random() < 0.3:
        other = random.choice(_cases())
        files = joined(files, other.files, random)
        said.append(f"with {other.name}")
    if random.random() < 0.6:
        files = {path: restyled(path, data, random) for path, data in files.items()}
        said.append("in other styles")
    for variant in random.sample(VARIANTS, random.randint(0, 3)):
        files = variant.of(files)
        said.append(variant.name)
    if random.random() < 0.3:
        path = random.choice([path for path in sorted(files) if kind_of(path)])
        files[path] = mutilated(files[path], random)
        said.append(f"{path} mutilated")
    return ", ".join(said), files


def joined(one: dict[str, bytes], other: dict[str, bytes], random: Random) -> dict[str, bytes]:
    """Both projects in one: of a file that both have, what can stand together is put together."""
    files = {**other, **one}
    for path in sorted(one.keys() & other.keys()):
        kind = kind_of(path)
        first, second = (one[path], other[path])
        if random.random() < 0.5:
            first, second = second, first
        if kind == YAML_KIND and not path.endswith(("compose.yaml", "compose.yml")):
            files[path] = first.rstrip(b"\n") + b"\n---\n" + second
        elif kind in (MAKEFILE, SHELL, DOCKERFILE):
            files[path] = first.rstrip(b"\n") + b"\n" + second
    return files


def restyled(path: str, data: bytes, random: Random) -> bytes:
    """A YAML file written anew; what cannot be loaded stays."""
    if kind_of(path) != YAML_KIND:
        return data
    try:
        documents = list(YAML(typ="safe", pure=True).load_all(data.decode()))
        return emitted(documents, random).encode()
    except (YAMLError, TypeError, ValueError, RecursionError):
        return data


def mutilated(data: bytes, random: Random) -> bytes:
    """With up to three lines or pieces taken out, doubled, moved or joined."""
    for _ in range(random.randint(1, 3)):
        lines = data.splitlines(keepends=True)
        if not lines:
            return data
        at = random.randrange(len(lines))
        match random.randint(0, 5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, random.choice(lines))
            case 2:
                lines[at] = lines[at].rstrip(b"\r\n")
            case 3:
                lines[at] = b" " * random.randint(1, 3) + lines[at]
            case 4:
                words = lines[at].split(b" ")
                random.shuffle(words)
                lines[at] = b" ".join(words)
            case _:
                place = random.randint(0, len(lines[at]))
                piece = random.choice(
                    [b"\t", b"\xc2\xa0", "é".encode(), b"\r", b"#", b'"', b"\\", b"$", b"&a ", b"{"]
                )
                lines[at] = lines[at][:place] + piece + lines[at][place:]
        data = b"".join(lines)
    return data
