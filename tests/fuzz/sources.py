"""What is run on files of code, of other tools and of covlint itself (see targets.py)."""

from __future__ import annotations

from collections import Counter

from covlint import baseline
from covlint.baseline import BaselineError
from covlint.config import ConfigError, parse_config
from covlint.covdata import summary, textfmt
from covlint.covdata.summary import BadSummary
from covlint.covdata.textfmt import BadProfile
from covlint.documents.goconstraint import takes_part
from covlint.documents.goheader import scan_header
from covlint.documents.golang import read_go
from covlint.documents.gomod import read_go_mod, read_go_work, read_vendored
from covlint.documents.template import TemplateError, open_template
from covlint.documents.yaml import open_yaml
from covlint.documents.yaml_nodes import walk
from covlint.facts.kubernetes.helm import read_template
from covlint.facts.kubernetes.helm_chart import chart_of
from covlint.readers import reader_of
from covlint.runner.target import TargetError, parse_targets
from covlint.source import SourceFile, UnreadableSource

#: The kinds of files that ``other`` reads; the first byte of an input chooses.
OTHERS = (
    *(".github/workflows/a.yml", ".gitlab-ci.yml", "compose.yaml", "skaffold.yaml"),
    *(".goreleaser.yaml", ".ko.yaml", "docker-bake.hcl", "docker-bake.json", "Tiltfile"),
    *("go.mod", "go.work", "vendor/modules.txt", "a.sh", "Makefile", "Dockerfile", "a.yaml"),
)
_CHART = chart_of(
    SourceFile.of_text(
        "values.yaml", "image: {repository: a, tag: b}\ncoverage: {enabled: true}\n"
    ),
    SourceFile.of_text("Chart.yaml", "apiVersion: v2\nname: a\nappVersion: v1\n"),
)


def go(data: bytes) -> None:
    source = SourceFile("a/x.go", data)
    scan_header(data)
    takes_part(source)
    try:
        file = read_go(source)
    except UnreadableSource:
        return
    for one in file.imports:
        assert 0 <= one.span.start <= one.span.end <= len(data)
    _facts(source)


def python(data: bytes) -> None:
    _facts(SourceFile("a/x.py", data))


def template(data: bytes) -> None:
    """Covered actions take as many bytes as before; nodes lie inside the file."""
    source = SourceFile("chart/templates/a.yaml", data)
    try:
        opened = open_template(source)
        document = open_yaml(opened)
    except (TemplateError, UnreadableSource):
        return
    assert len(opened.data) == len(data)
    for node in (node for root in document.documents for node in walk(root)):
        assert 0 <= node.start <= node.end <= len(data)
    read_template(source, _CHART)


def other(data: bytes) -> None:
    """A file of one of the tools in ``OTHERS``."""
    path = OTHERS[data[0] % len(OTHERS)] if data else "a"
    source = SourceFile(path, data[1:])
    if path == "go.mod":
        module = read_go_mod(source)
        for word in (module.module, module.go, module.toolchain):
            assert word is None or 0 <= word.span.start <= word.span.end < len(data)
    elif path == "go.work":
        read_go_work(source)
    elif path == "vendor/modules.txt":
        read_vendored(source)
    else:
        _facts(source)


def _facts(source: SourceFile) -> None:
    """Facts lie inside their file. The filter in front of a reader may say what it will."""
    reader = reader_of(source.path)
    if reader is None:
        return
    reader.may_matter(source.data)
    if reader.may_wait is not None:
        reader.may_wait(source.data)
    try:
        if reader.read_with is not None:  # it names other files: each says the same
            reading = reader.read_with(source, lambda path: SourceFile(path, source.data))
        else:
            reading = reader.read(source)
    except UnreadableSource:
        return
    for fact in reading.facts:
        span = getattr(fact, "span", None)
        if span is not None and span.path == source.path:
            assert 0 <= span.start <= span.end <= len(source.data), fact


def own(data: bytes) -> None:
    """What covlint itself writes or is configured by; the first byte chooses."""
    kind, data = data[:1], data[1:]
    text = data.decode("utf-8", "replace")
    try:
        if kind == b"c":
            parse_targets(parse_config(data, ".covlint.yaml").targets)
        elif kind == b"b":
            read = baseline.load(text)
            assert baseline.load(baseline.dump(read)) == Counter(read)
        elif kind == b"s":
            whole = summary.parse(text)
            assert summary.parse(summary.render(whole)) == whole
        else:
            profile = textfmt.parse(text)
            assert textfmt.parse(textfmt.render(profile)) == profile
    except (ConfigError, TargetError, BaselineError, BadSummary, BadProfile):
        return
