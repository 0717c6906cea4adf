from __future__ import annotations

import contextlib
import json
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

import covlint
from covlint.config import Config, ConfigError, FixSettings, load_config, parse_config
from covlint.config_schema import EXPECT, FIXES, READY, SETTINGS, TARGET, config_schema
from covlint.runner.target import Expect, Ready, Target, TargetError, parse_targets


def message(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigError) as caught:
        parse_config(data, ".covlint.yaml")
    assert str(caught.value).startswith(".covlint.yaml")
    return str(caught.value)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_config(str(tmp_path)) == Config()
    assert Config().settings == {"permissions": "auto", "paths": "kind-config"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_no_mistake(text: str) -> None:
    assert parse_config(text.encode(), "x") == Config()


def test_all_settings_are_read() -> None:
    config = parse_config(
        b"select: [COV1]\nignore: [COV107]\nfail_on: error\npolicy: dd-test-007\n"
        b"fixes: {permissions: root, paths: workload}\ntargets: {till: {run: make e2e}}\npacks: [ours]\n"
        b"exclude: ['gen/']\nmax_file_size: 2000\n",
        "x",
    )
    assert config.settings == {"permissions": "root", "paths": "workload"}
    assert config.targets == {"till": {"run": "make e2e"}}
    assert (config.fail_on, config.policy, config.max_file_size) == ("error", "dd-test-007", 2000)
    assert (config.select, config.ignore) == (["COV1"], ["COV107"])
    assert (config.packs, config.exclude) == (["ours"], ["gen/"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("selct: [COV1]", "selct is not a setting; did you mean select?"),
        ("zzz: 1", "zzz is not a setting; the keys are select, ignore"),
        ("fixes: {permission: root}", "did you mean fixes.permissions?"),
        ("fixes: {permissions: chown}", "the choices are auto, init-container, root, host-mode"),
        ("fixes: {paths: both}", "the choices are kind-config, workload"),
        ("fail_on: errors", "the choices are error, warning, notice"),
        ("policy: dd-test-7", "did you mean dd-test-007?"),
        ("select: COV1", "select: Expected list, got str"),
        ("select: [1]", "Expected str, got int"),
        ("max_file_size: 0", "a number of bytes above 0"),
        ("- COV1", "a mapping is expected"),
        ("select: [", ".covlint.yaml:2:1: invalid YAML"),
        ("select: *nothing", "undefined alias"),
        ("1: 2", "1 is not a setting"),
        (b"\xff", "not UTF-8 (byte 0)"),
        ("select: !!python/object:os.system {}", "invalid YAML"),
    ],
)
def test_each_mistake_is_named(text: str | bytes, expected: str) -> None:
    assert expected in message(text)


def test_a_folder_of_that_name_is_named(tmp_path: Path) -> None:
    (tmp_path / ".covlint.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("{}", True),
        ("per_file_ignores: {'old/': [COV1]}\nrequire_reasons: true", True),
        ("fixes: {permissions: root}\ntargets: {till: {run: make e2e, data: coverdata}}", True),
        ("targets: {till: {env: {A: 1, B: true}, args: [1, x], port: 80}}", True),
        ("targets: {till: {ready: {tcp: 'localhost:80'}, expect: {packages: {./x: 60}}}}", True),
        ("policy: dd-test-007\nfail_on: notice\nmax_file_size: 10\nrender: true", True),
        ("selct: [COV1]", False),
        ("fixes: {permissions: chown}", False),
        ("fixes: {permission: root}", False),
        ("fail_on: errors", False),
        ("policy: dd-test-7", False),
        ("select: COV1", False),
        ("select: [1]", False),
        ("per_file_ignores: [COV1]", False),
        ("per_file_ignores: {'old/': COV1}", False),
        ("require_reasons: sometimes", False),
        ("max_file_size: 0", False),
        ("- COV1", False),
    ],
)
def test_the_schema_and_covlint_agree(text: str, allowed: bool) -> None:
    validator = jsonschema.Draft202012Validator(config_schema())
    assert validator.is_valid(YAML(typ="safe").load(text)) is allowed
    if allowed:
        parse_config(text.encode(), ".covlint.yaml")
    else:
        assert message(text)


@pytest.mark.parametrize(
    "text",
    [
        "targets: {till: {runn: make e2e}}",
        "targets: {till: {engine: docker}}",
        "targets: {till: {port: 0}}",
        "targets: {till: {args: serve}}",
        "targets: {till: {env: [A=1]}}",
        "targets: {till: {namespaces: sometimes}}",
        "targets: {till: {ready: {url: x}}}",
        "targets: {till: {ready: {timeout: -1}}}",
        "targets: {till: {expect: {packages: ./x}}}",
        "targets: [till]",
    ],
)
def test_the_schema_and_the_runner_agree_on_what_is_no_target(text: str) -> None:
    assert not jsonschema.Draft202012Validator(config_schema()).is_valid(
        YAML(typ="safe").load(text)
    )
    with pytest.raises((ConfigError, TargetError)):
        parse_targets(parse_config(text.encode(), ".covlint.yaml").targets)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Config, SETTINGS),
        (FixSettings, FIXES),
        (Target, TARGET),
        (Ready, READY),
        (Expect, EXPECT),
    ],
)
def test_every_key_is_explained(kind: type, told: dict[str, object]) -> None:
    keys = {entry.name for entry in fields(kind)} - {"name", "least"}
    assert keys == set(told)


def test_the_published_schema_is_that_of_the_code() -> None:
    published = Path(covlint.__file__).with_name("config.schema.json")
    assert json.loads(published.read_text()) == config_schema()


@given(st.text(alphabet="abcdefix_: -[]{}'\"\n#&*!0129COV\t", max_size=60))
def test_any_text_is_a_configuration_or_refused(text: str) -> None:
    for whole in (text, f"select: {text}", f"fixes:\n  {text}"):
        with contextlib.suppress(ConfigError):
            parse_config(whole.encode(), ".covlint.yaml")
