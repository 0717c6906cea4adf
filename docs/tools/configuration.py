"""Prints docs/configuration.md, from the JSON Schema of `.covlint.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from covlint.config_schema import EXPECT, FIXES, READY, SETTINGS, TARGET, config_schema

_HEAD = """\
# Configuration

`.covlint.yaml` at the root of the repository. Without it, the defaults below hold; every key is optional,
and a key that covlint does not know is an error, with the nearest one that it does.

Made by `make docs` from `covlint/config.schema.json`, which is part of the package. An editor that
knows YAML checks the file against it as you type:

```yaml
# yaml-language-server: $schema=<folder of the package>/config.schema.json
fail_on: error
```
"""
_TARGETS = """\
## Targets

`targets:` holds what `covlint verify` runs, by name. [Engines](engines.md) says what each engine needs.

```yaml
targets:
  till:
    dockerfile: docker/till.Dockerfile
    manifest: deploy/e2e/till.yaml
    args: [serve, "127.0.0.1:${PORT}"]
    ready: {http: "http://127.0.0.1:${PORT}/healthz", timeout: 30}
    exercise: go test -count=1 ./test/e2e/...
    expect:
      total: 60
      packages: {./cmd/till: 40, ./internal/ledger: 80}
```

`${PORT}` stands for the port in `args`, `env` and `ready`.
"""


def main() -> None:
    print("\n".join(page()))


def page() -> Iterator[str]:
    definitions = config_schema()["$defs"]
    yield _HEAD
    yield "## Settings\n"
    yield from table(definitions["Config"]["properties"], SETTINGS)
    yield "\n### `fixes`\n"
    yield from table(definitions["FixSettings"]["properties"], FIXES)
    yield f"\n{_TARGETS}"
    yield from table(definitions["Target"]["properties"], _meanings(TARGET))
    yield "\n### `ready`\n"
    yield "One of the first four; without any, covlint waits until the service listens on its port.\n"
    yield from table(definitions["Ready"]["properties"], _meanings(READY))
    yield "\n### `expect`\n"
    yield from table(definitions["Expect"]["properties"], _meanings(EXPECT))


def table(properties: dict[str, dict[str, Any]], meanings: dict[str, str]) -> Iterator[str]:
    """A row for each key, in the order of the meanings."""
    yield "| key | type | default | |"
    yield "|---|---|---|---|"
    for key, meaning in meanings.items():
        entry = properties[key]
        yield f"| `{key}` | {kind(entry)} | {default(entry)} | {meaning} |"


def kind(entry: dict[str, Any]) -> str:
    """The type in words, or the values that there are."""
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    if "anyOf" in entry:
        return " or ".join(kind(one) for one in entry["anyOf"] if one.get("type") != "null")
    if "$ref" in entry:
        return "mapping, see below"
    if isinstance(entry["type"], list):
        return "text"
    if entry["type"] == "object":
        inner = entry.get("additionalProperties")
        return f"mapping of {kind(inner)}" if inner and "$ref" not in inner else "mapping"
    if entry["type"] == "array":
        return f"list of {kind(entry['items'])}"
    words = {"string": "text", "boolean": "`true` or `false`", "integer": "number"}
    return words.get(entry["type"], entry["type"])


def default(entry: dict[str, Any]) -> str:
    value = entry.get("default")
    if value is None or value in ([], {}):
        return ""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown.removesuffix('.0')}`"


def _meanings(told: dict[str, tuple[dict[str, Any], str]]) -> dict[str, str]:
    return {key: meaning for key, (_, meaning) in told.items()}


if __name__ == "__main__":
    main()
