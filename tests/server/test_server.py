"""The server as an editor meets it: the real program, driven by a client over its pipes."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from covlint.cli.main import run
from covlint.server.conversion import FIX_ALL, _difference
from report.sheets import FILES

PATH = "deploy/e2e/till.yaml"
#: Of the finding in UTF-16: before it on the line is a character of two units.
LINE = FILES[PATH].split("\n")[10]
START = len(LINE[: LINE.index("/tmp/coverage")].encode("utf-16-le")) // 2


class Editor:
    """A client, and what it was told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = LanguageClient("test-editor", "1")
        self.published: dict[str, list[types.Diagnostic]] = {}
        self.shown: list[str] = []
        self.news = asyncio.Event()
        self.watched: list[str] = []

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            self.watched += [one.method for one in params.registrations]
            self.news.set()

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.published[params.uri] = list(params.diagnostics)
            self.news.set()

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            self.shown.append(params.message)
            self.news.set()

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def document(self, path: str = PATH) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(path))

    def codes(self, path: str = PATH) -> list[str]:
        return [str(one.code) for one in self.published.get(self.uri(path), [])]

    async def start(self, encodings: list[types.PositionEncodingKind], fix_on_save: bool) -> None:
        await self.client.start_io(sys.executable, "-m", "covlint", "server")
        general = types.GeneralClientCapabilities(position_encodings=encodings or None)
        await self.client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    general=general,
                    workspace=types.WorkspaceClientCapabilities(
                        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(
                            dynamic_registration=True
                        )
                    ),
                ),
                root_uri=self.root.as_uri(),
                initialization_options={"fixOnSave": fix_on_save},
            )
        )
        self.client.initialized(types.InitializedParams())

    def open(self, path: str = PATH, text: str | None = None) -> None:
        text = (self.root / path).read_text() if text is None else text
        item = types.TextDocumentItem(self.uri(path), "yaml", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, text: str, path: str = PATH, version: int = 2) -> None:
        document = types.VersionedTextDocumentIdentifier(version, self.uri(path))
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))

    async def until(self, true: Callable[[], bool]) -> None:
        """Waits for what the server says, and not for a time."""

        async def wait() -> None:
            while not true():
                self.news.clear()
                await self.news.wait()

        await asyncio.wait_for(wait(), 30)


Drive = Callable[..., None]


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    """Runs a story against a server of its own, and sees it stop in good order."""
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / ".covlint.yaml").write_text("{}\n")

    def driving(
        story: Callable[[Editor], Awaitable[None]],
        encodings: list[types.PositionEncodingKind] | None = None,
        fix_on_save: bool = False,
    ) -> None:
        async def session() -> None:
            editor = Editor(tmp_path)
            await editor.start(encodings or [], fix_on_save)
            try:
                await story(editor)
            finally:
                await editor.client.shutdown_async(None)
                editor.client.exit(None)
                await editor.client.stop()

        asyncio.run(session())

    return driving


def spot(line: int = 10, character: int = START + 2) -> types.Position:
    return types.Position(line, character)


@pytest.mark.parametrize(
    ("encoding", "shift"),
    [(None, 0), (types.PositionEncodingKind.Utf8, 3), (types.PositionEncodingKind.Utf32, -1)],
)
def test_findings_with_the_other_places(
    drive: Drive, encoding: types.PositionEncodingKind | None, shift: int
) -> None:
    async def story(editor: Editor) -> None:
        editor.open()
        await editor.until(lambda: "COV501" in editor.codes())
        (one,) = [one for one in editor.published[editor.uri(PATH)] if one.code == "COV501"]
        assert (one.range.start.line, one.range.start.character) == (10, START + shift)
        assert one.range.end.character - one.range.start.character == len("/tmp/coverage")
        assert (one.severity, one.source) == (types.DiagnosticSeverity.Error, "covlint")
        assert one.code_description is not None
        (related,) = one.related_information or []
        assert (related.location.uri, related.message) == (editor.uri(PATH), "mounted here")

    drive(story, [encoding] if encoding else None)


def test_a_byte_order_mark_is_no_column(drive: Drive) -> None:
    async def story(editor: Editor) -> None:
        target = editor.root / "Dockerfile"
        text = target.read_text().replace("golang:1.22", "golang:1.18")
        target.write_bytes(b"\xef\xbb\xbf" + text.encode())
        editor.open()
        await editor.until(lambda: "COV102" in editor.codes("Dockerfile"))
        found = editor.published[editor.uri("Dockerfile")]
        (one,) = [one for one in found if one.code == "COV102"]
        assert one.range.start == types.Position(0, len("FROM "))

    drive(story)


def test_findings_follow_what_is_typed_in_another_file(drive: Drive) -> None:
    async def story(editor: Editor) -> None:
        editor.open()
        await editor.until(lambda: "COV501" in editor.codes())
        editor.type(FILES[PATH].replace("/tmp/coverage", "/coverdata"))
        await editor.until(lambda: "COV501" not in editor.codes())
        plain = FILES["Dockerfile"].replace("-cover ", "")
        editor.open("Dockerfile", plain)
        await editor.until(lambda: "COV101" in editor.codes("Dockerfile"))
        (editor.root / "Dockerfile").read_text()  # on disk it is as it was
        closing = types.DidCloseTextDocumentParams(editor.document("Dockerfile"))
        editor.client.text_document_did_close(closing)
        await editor.until(lambda: "COV101" not in editor.codes("Dockerfile"))

    drive(story)


def test_a_quick_fix(drive: Drive) -> None:
    async def story(editor: Editor) -> None:
        editor.open()
        await editor.until(lambda: "COV501" in editor.codes())
        here = types.Range(spot(), spot())
        context = types.CodeActionContext(diagnostics=[])
        params = types.CodeActionParams(editor.document(), here, context)
        (action,) = await editor.client.text_document_code_action_async(params) or []
        assert isinstance(action, types.CodeAction)
        assert action.title == "covlint: Set GOCOVERDIR to /coverdata"
        assert action.is_preferred
        assert action.edit is not None
        assert action.edit.changes is not None
        (edit,) = action.edit.changes[editor.uri(PATH)]
        assert edit == types.TextEdit(
            types.Range(types.Position(10, START), types.Position(10, START + 13)), "/coverdata"
        )
        elsewhere = types.Range(types.Position(0, 0), types.Position(0, 0))
        params = types.CodeActionParams(editor.document(), elsewhere, context)
        assert not await editor.client.text_document_code_action_async(params)

    drive(story)


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """The text after edits of whole lines."""
    lines = text.splitlines(keepends=True)
    for edit in edits:
        assert edit.range.start.character == edit.range.end.character == 0
        lines[edit.range.start.line : edit.range.end.line] = [edit.new_text]
    return "".join(lines)


def test_all_fixes_of_a_file(drive: Drive) -> None:
    async def story(editor: Editor) -> None:
        editor.open()
        await editor.until(lambda: "COV501" in editor.codes())
        typed = "# not saved yet\n" + FILES[PATH]
        editor.type(typed)  # asked for at once: the answer is about this text
        whole = types.Range(types.Position(0, 0), types.Position(99, 0))
        context = types.CodeActionContext([], only=[types.CodeActionKind.SourceFixAll])
        params = types.CodeActionParams(editor.document(), whole, context)
        (action,) = await editor.client.text_document_code_action_async(params) or []
        assert isinstance(action, types.CodeAction)
        assert action.kind == FIX_ALL
        assert action.edit is not None
        assert action.edit.changes is not None
        (edit,) = action.edit.changes[editor.uri(PATH)]
        after = applied(typed, [edit])
        assert "value: /coverdata" in after
        assert after == typed.replace("/tmp/coverage", "/coverdata")
        assert edit.new_text.count("\n") == 1
        assert (editor.root / PATH).read_text() == FILES[PATH]  # the editor writes, not covlint

    drive(story)


@pytest.mark.parametrize("wanted", [True, False])
def test_on_save(drive: Drive, wanted: bool) -> None:
    async def story(editor: Editor) -> None:
        editor.open()
        reason = types.TextDocumentSaveReason.Manual
        params = types.WillSaveTextDocumentParams(editor.document(), reason)
        edits = await editor.client.text_document_will_save_wait_until_async(params)
        assert bool(edits) is wanted
        if edits:
            assert "value: /coverdata" in applied(FILES[PATH], list(edits))

    drive(story, fix_on_save=wanted)


def test_hover_tells_the_rule_and_the_chain(drive: Drive) -> None:
    async def story(editor: Editor) -> None:
        editor.open(text=FILES[PATH].replace("name: till}", 'name: "[x](http://e`vil)"}'))
        params = types.HoverParams(editor.document(), spot())
        hover = await editor.client.text_document_hover_async(params)
        assert hover is not None
        assert isinstance(hover.contents, types.MarkupContent)
        text = hover.contents.value
        assert "**COV501 mismatched-coverdir**" in text
        assert "GOCOVERDIR and the path at which the coverage volume is mounted differ." in text
        assert "\n1. build: " in text
        assert "Dockerfile:4" in text
        assert "COV501.md" in text
        assert "`vil" not in text
        params = types.HoverParams(editor.document(), types.Position(0, 0))
        assert await editor.client.text_document_hover_async(params) is None

    drive(story)


def test_what_changes_on_disk_is_seen(drive: Drive) -> None:
    async def story(editor: Editor) -> None:
        editor.open()
        await editor.until(lambda: "COV501" in editor.codes())
        await editor.until(lambda: editor.watched == [types.WORKSPACE_DID_CHANGE_WATCHED_FILES])
        target = editor.root / "Dockerfile"
        target.write_text(target.read_text().replace("-cover ", ""))
        event = types.FileEvent(editor.uri("Dockerfile"), types.FileChangeType.Changed)
        params = types.DidChangeWatchedFilesParams([event])
        editor.client.workspace_did_change_watched_files(params)
        await editor.until(lambda: "COV101" in editor.codes("Dockerfile"))

    drive(story)


def test_a_mistake_in_the_configuration_is_shown_once(drive: Drive) -> None:
    async def story(editor: Editor) -> None:
        (editor.root / ".covlint.yaml").write_text("selct: [COV1]\n")
        editor.open()
        await editor.until(lambda: bool(editor.shown))
        assert "did you mean select?" in editor.shown[0]
        (editor.root / ".covlint.yaml").write_text("select: [COV501]\n")
        editor.client.text_document_did_save(types.DidSaveTextDocumentParams(editor.document()))
        await editor.until(lambda: "COV501" in editor.codes())
        assert len(editor.shown) == 1

    drive(story)


def test_no_program_is_run_where_a_project_is_only_opened(
    drive: Drive,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programs = tmp_path_factory.mktemp("programs")  # none of the project's is ever run
    for name in ("kustomize", "kubectl", "helm"):
        (programs / name).write_text(f"#!/bin/sh\ntouch '{programs}/ran'\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    async def story(editor: Editor) -> None:
        (editor.root / ".covlint.yaml").write_text("render: true\n")
        (editor.root / "deploy/e2e/kustomization.yaml").write_text(
            "resources: [till.yaml]\n"
            "replacements:\n- source: {kind: ConfigMap, name: images, fieldPath: data.till}\n"
            "  targets:\n  - select: {kind: Deployment, name: till}\n"
            "    fieldPaths: ['spec.template.spec.containers.[name=till].image']\n"
        )
        editor.open("Dockerfile", FILES["Dockerfile"].replace("-cover", "-cover -a"))
        await editor.until(lambda: "COV107" in editor.codes("Dockerfile"))

    drive(story)
    assert not (programs / "ran").exists()
    run([str(tmp_path)])
    assert (programs / "ran").exists()  # on the command line, the configuration is obeyed


def test_without_its_extra_the_server_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("covlint.server.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    assert run(["server"]) == 3
    assert "pip install 'covlint[server]'" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"a\nb\nc\n", b"a\nB\nc\n", (2, 4, 2)),
        (b"a\n", b"a\na\n", (2, 2, 0)),
        (b"a\na\n", b"a\n", (2, 4, 0)),
        (b"", b"x", (0, 0, 0)),
        (b"same", b"same", (4, 4, 0)),
    ],
)
def test_the_lines_that_differ(before: bytes, after: bytes, expected: tuple[int, ...]) -> None:
    start, end, rest = _difference(before, after)
    assert (start, end, rest) == expected
    assert before[:start] + after[start : len(after) - rest] + before[end:] == after


# -- the page of the editors -------------------------------------------------------

SNIPPETS = re.findall(
    r"^```(json|toml)\n(.*?)^```$",
    (Path(__file__).parents[2] / "docs" / "editors.md").read_text(),
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.parametrize(("language", "text"), SNIPPETS)
def test_a_snippet_is_valid_and_names_what_there_is(language: str, text: str) -> None:
    if language == "json":
        found = json.loads(text)
        for server in found.get("vscode-lspconfig.serverConfigurations", []):
            assert server["command"] == ["covlint", "server"]
        assert f'"{FIX_ALL}"' in text
    else:
        toml = pytest.importorskip("tomllib")  # Python 3.11 and later
        found = toml.loads(text)
        server = found.get("language-server", {}).get("covlint")
        if server is not None:
            assert [server["command"], *server["args"]] == ["covlint", "server"]
