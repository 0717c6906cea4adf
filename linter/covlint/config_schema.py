"""What each key of ``.covlint.yaml`` means, in words and as a JSON Schema for editors.

The types of the settings come from their dataclass through msgspec. Targets are read by the runner,
piece by piece, for the sake of better messages: their types stand here.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from covlint.config import Config
from covlint.runner.target import ENGINES, Expect, Ready, Target

SETTINGS = {
    "select": "Only these rules: codes (`COV203`) or the beginnings of codes (`COV2`). "
    "Empty: all of them.",
    "ignore": "Not these rules: codes or their beginnings.",
    "fail_on": "The severity from which the exit code is 1.",
    "policy": "A published standard to hold the repository to: `dd-test-007` makes COV107, COV108 "
    "and COV109 errors.",
    "fixes": "Which of several right repairs is written.",
    "targets": "What `covlint verify` runs, by name.",
    "packs": "Further rule packs, by the name of their entry point in the group `covlint.rules`.",
    "exclude": "Files and folders that are not read: patterns as in `.gitignore`.",
    "max_file_size": "Larger files are not read, and a note says so. In bytes.",
    "render": "Run `kustomize` and `helm` where they are installed, and read what they print. "
    "They get no network, and run nothing of the repository's; the language server runs neither.",
    "per_file_ignores": "Rules that some files are exempt from: codes or their beginnings, by a "
    "pattern as in `.gitignore`.",
    "require_reasons": "A `covlint: ignore` comment without a reason is a warning, COV002.",
}
FIXES = {
    "permissions": "How a hostPath becomes writable for a user that is not root. `auto` is root "
    "in Go code that has a condition for coverage, else an init container.",
    "paths": "Which path wins where two differ: the one nearer to the host, or what the workload "
    "says.",
}
_TEXT = {"type": "string"}
_SCALAR = {"type": ["string", "number", "boolean", "null"]}
_LIST = {"type": "array", "items": _SCALAR}
_PAIRS = {"type": "object", "additionalProperties": _SCALAR}
_FLAG = {"type": "boolean"}
_NUMBER = {"type": "number", "minimum": 0}
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_ENGINE = {"enum": list(ENGINES)}

#: Key → its schema and its meaning. Paths are relative to the root of the project.
TARGET: dict[str, tuple[dict[str, Any], str]] = {
    "engine": (_ENGINE, "What runs the service. With `run`, the default is `suite`."),
    "dockerfile": (_TEXT, "The Dockerfile whose build line is used, or whose image is built."),
    "main": (_TEXT, "The main package, in place of a Dockerfile: `./cmd/till`."),
    "build": (_TEXT, "A shell command that builds the binary, in place of both."),
    "binary": (_TEXT, "The file that `build` makes."),
    "build_args": (
        _PAIRS,
        (
            "Build arguments of the image, or the environment of `build`. "
            "Absent: those of the command that the repository builds the image with."
        ),
    ),
    "manifest": (_TEXT, "The file of the workload; a compose file for the container engine."),
    "container": (_TEXT, "The container of it that is meant."),
    "apply": (_LIST, "Manifests, kustomizations and charts for a cluster. Absent: `manifest`."),
    "kind_config": (_TEXT, "The configuration of the Kind cluster."),
    "helper_image": (_TEXT, "The image of pods that copy data out of volumes."),
    "args": (_LIST, "Arguments of the service. Absent: those of the image and the workload."),
    "env": (_PAIRS, "Environment of the service, or of the suite."),
    "port": (_PORT, "The service's port on this host. Absent: a free one, which `${PORT}` names."),
    "container_port": (_PORT, "The service's own port. Absent: what the manifest or EXPOSE says."),
    "ready": ({"$ref": "#/$defs/Ready"}, "When the service counts as started."),
    "exercise": (
        _TEXT,
        (
            "A shell command that uses the service: the e2e tests. It finds the service at "
            "`$SERVICE_URL`."
        ),
    ),
    "require_exercise": (_FLAG, "Whether a failing exercise fails the verification."),
    "results": (
        _TEXT,
        (
            "Where the exercise or the suite leaves JUnit files or the events of `go test -json`: "
            "a path or a glob."
        ),
    ),
    "expect": ({"$ref": "#/$defs/Expect"}, "What a passing profile shows."),
    "grace_period": (
        _NUMBER,
        "Seconds between SIGTERM and SIGKILL. Absent: the manifest's own, else 10.",
    ),
    "namespaces": (_FLAG, "Whether the process engine starts the service as process 1 of its own."),
    "run": (_TEXT, "The shell command of the suite engine."),
    "data": (_TEXT, "The folder in which that command leaves the coverage data."),
    "timeout": (_NUMBER, "Seconds after which the run is ended."),
}
READY: dict[str, tuple[dict[str, Any], str]] = {
    "http": (_TEXT, "A URL that answers with a status below 500."),
    "tcp": (_TEXT, "`host:port` that accepts a connection."),
    "log": (_TEXT, "A regular expression for a line of the service's output."),
    "command": (_TEXT, "A shell command that succeeds."),
    "timeout": (_NUMBER, "Seconds to wait for it."),
}
EXPECT: dict[str, tuple[dict[str, Any], str]] = {
    "total": (_NUMBER, "The least coverage of all statements, in per cent."),
    "packages": (
        {"anyOf": [_LIST, {"type": "object", "additionalProperties": {**_NUMBER, "maximum": 100}}]},
        (
            "Packages that must have counters above zero, by import path or as `./folder`; "
            "as a mapping, with the least percentage of each."
        ),
    ),
}


def config_schema() -> dict[str, Any]:
    """The JSON Schema of ``.covlint.yaml``."""
    import msgspec

    schema: dict[str, Any] = msgspec.json.schema(Config)
    definitions = schema["$defs"]
    for name, told in (("Config", SETTINGS), ("FixSettings", FIXES)):
        definitions[name]["additionalProperties"] = False
        for key, meaning in told.items():
            definitions[name]["properties"][key]["description"] = plain(meaning)
    properties = definitions["Config"]["properties"]
    properties["max_file_size"]["exclusiveMinimum"] = 0
    properties["targets"]["additionalProperties"] = {"$ref": "#/$defs/Target"}
    definitions["Config"]["description"] = "The settings of one project; every key is optional."
    definitions["FixSettings"]["description"] = SETTINGS["fixes"]
    definitions["Target"] = _definition(Target, TARGET, "One run of `covlint verify`.")
    definitions["Ready"] = _definition(Ready, READY, "One of http, tcp, log and command.")
    definitions["Expect"] = _definition(Expect, EXPECT, "What a passing profile shows.")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "covlint configuration",
        **schema,
    }


def plain(text: str) -> str:
    """Without the marks of Markdown, which editors show as they are."""
    return text.replace("`", "")


def _definition(
    kind: type, told: dict[str, tuple[dict[str, Any], str]], about: str
) -> dict[str, Any]:
    defaults = {
        entry.name: entry.default
        for entry in fields(kind)
        if entry.default is not MISSING and isinstance(entry.default, (bool, float, int, str))
    }
    return {
        "title": kind.__name__,
        "description": plain(about),
        "type": "object",
        "properties": {
            key: {
                **schema,
                "description": plain(meaning),
                **({"default": defaults[key]} if key in defaults else {}),
            }
            for key, (schema, meaning) in told.items()
        },
        "additionalProperties": False,
    }
