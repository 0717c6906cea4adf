"""The verify targets in ``.covlint.yaml``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from covlint.documents.yaml import YamlMapping, open_yaml
from covlint.documents.yaml_edit import insert_entry
from covlint.documents.yaml_text import Layout, Value, entry_lines
from covlint.files import CONFIG_NAME
from covlint.initial.draft import Draft
from covlint.initial.run import Run, free_port

_HEAD = "# https://github.com/covlint/covlint: what `covlint verify` runs."
_WHY = "`covlint verify` builds, runs and stops the service, and shows that its data arrives"


def configure(draft: Draft, runs: Sequence[Run]) -> None:
    """A target for each service that has none."""
    source = draft.read(CONFIG_NAME)
    if source is None and draft.has(CONFIG_NAME):
        return
    root = None
    if source is not None:
        document = open_yaml(source)
        root = next(iter(document.documents), None)
        if document.error is not None or (root is not None and not isinstance(root, YamlMapping)):
            return
    section = root.get("targets") if isinstance(root, YamlMapping) else None
    known = section if isinstance(section, YamlMapping) else None
    new = {run.service.name: _target(run) for run in runs if not _has(known, run)}
    if not new:
        return
    if source is None or not isinstance(root, YamlMapping):
        lines = [] if source is not None and source.data.strip() else [_HEAD]
        if lines and any(run.chart is not None for run in runs):
            lines.append("render: true # helm shows how a chart is installed")
        lines.append("targets:")
        for name, target in new.items():
            lines += [f"  {line}" for line in entry_lines(name, target, Layout(2, 2))]
            if isinstance(target, Mapping) and "exercise" not in target:
                lines.append("    # exercise: a command that tests it; it finds it at $SERVICE_URL")
        draft.add_lines(CONFIG_NAME, lines, _WHY)
        return
    for name, target in new.items():
        if known is not None and known.entries:
            edits = insert_entry(known, name, target)
        elif section is None:
            edits = insert_entry(root, "targets", new)
        else:
            edits = ()
        if not edits:
            draft.notes.append(f"{CONFIG_NAME}: add a target for {name} by hand")
            continue
        draft.edit(CONFIG_NAME, edits, _WHY)
        configure(draft, runs)  # each insertion moves what follows
        return


def _has(section: YamlMapping | None, run: Run) -> bool:
    for key, target in section.items() if section is not None else ():
        path = target.scalar("dockerfile") if isinstance(target, YamlMapping) else None
        main = target.scalar("main") if isinstance(target, YamlMapping) else None
        if key == run.service.name:
            return True
        if path is not None and os.path.normpath(path.text) == run.service.dockerfile:
            return True
        if main is not None and os.path.normpath(main.text) == run.service.package:
            return True
    return False


def _target(run: Run) -> Value:
    target: dict[str, Value] = {"dockerfile": run.service.dockerfile}
    container = run.container
    if run.service.build is None:  # `make` builds it there: covlint builds the package itself
        package = run.service.package or "."
        target = {"main": package if package == "." else f"./{package}"}
    elif container is not None:
        target["manifest"] = container.span.path
        if container.name is not None:
            target["container"] = container.name.text
        if len(run.files) > 1:
            target["apply"] = list(run.files)
    if run.switch is not None and run.service.build is not None:
        given = {name: value for name, value, _ in run.arguments if value is not None}
        target["build_args"] = {**given, run.switch.name: run.switch.value}
    variables = free_port(run)
    if variables:
        target["env"] = dict(variables)
    elif run.port is not None:
        target["port"] = run.port
    if run.probe is not None:
        target["ready"] = {"http": "http://127.0.0.1:${PORT}" + run.probe}
    if run.exercise is not None:
        target["exercise"] = run.exercise
    return target
