"""The server: which messages it answers, and when it looks again."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer

from covlint import __version__
from covlint.config import ConfigError
from covlint.registry import RegistryError
from covlint.server.analysis import Analysis, analyse, relative, root_of
from covlint.server.conversion import FIX_ALL, Converter

#: Seconds of quiet after a key before the project is looked at again.
PAUSE = 0.3
#: How often a question is begun again because the text has changed meanwhile.
_TRIES = 3
#: Who tells the server of files that change on disk.
_WATCHED = "covlint-watched-files"


class CovlintServer(LanguageServer):
    """Keeps the last look at each project that has an open file."""

    def __init__(self) -> None:
        super().__init__("covlint", __version__)
        self.fix_on_save = False
        self._analyses: dict[str, Analysis] = {}
        self._published: dict[str, set[str]] = {}
        self._asked: dict[str, int] = {}
        self._told: dict[str, str] = {}
        self._busy: dict[str, asyncio.Lock] = {}

    async def look(self, uri: str, *, pause: float = 0.0) -> None:
        """Inspects the project of a document."""
        location = uris.to_fs_path(uri)
        if location is not None:
            await self.look_at(root_of(location), pause=pause)

    async def look_at(self, root: str, *, pause: float = 0.0) -> None:
        """Inspects a project, unless it is asked again in the meantime."""
        turn = self._asked[root] = self._asked.get(root, 0) + 1
        if pause:
            await asyncio.sleep(pause)
        async with self._busy.setdefault(root, asyncio.Lock()):
            if turn == self._asked[root]:
                await self._look(root)

    async def _look(self, root: str) -> None:
        try:
            analysis = await asyncio.to_thread(analyse, root, self._opened(root))
        except (ConfigError, RegistryError) as error:
            self._tell(root, str(error))
            return
        self._told.pop(root, None)
        for crash in analysis.inspection.report.crashes:
            message = f"covlint: internal error: rule {crash.code} failed: {crash.error}"
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))
        self._analyses[root] = analysis
        self._publish(analysis)

    def _opened(self, root: str) -> dict[str, str]:
        found = {}
        for document in self.workspace.text_documents.values():
            location = uris.to_fs_path(document.uri)
            if location is not None and root_of(location) == root:
                found[location] = document.source
        return found

    def _tell(self, root: str, message: str) -> None:
        """A mistake in the configuration, once."""
        if self._told.get(root) != message:
            self._told[root] = message
            self.window_show_message(
                types.ShowMessageParams(types.MessageType.Error, f"covlint: {message}")
            )

    def _publish(self, analysis: Analysis) -> None:
        """All findings of the project, and that files which had some have none left."""
        converter = self.converter(analysis)
        listed: dict[str, list[types.Diagnostic]] = {}
        for one in analysis.inspection.report.diagnostics:
            listed.setdefault(converter.uri(one.span.path), []).append(converter.diagnostic(one))
        gone = self._published.get(analysis.root, set()) - set(listed)
        self._published[analysis.root] = set(listed)
        for uri in sorted({*listed, *gone}):
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(uri, listed.get(uri, []))
            )

    def converter(self, analysis: Analysis) -> Converter:
        encoding = self.server_capabilities.position_encoding
        return Converter(analysis, str(getattr(encoding, "value", encoding) or "utf-16"))

    async def current(self, uri: str) -> tuple[Analysis, str] | None:
        """A look at what the editor shows now, and the document's path in it.

        None where somebody types faster than covlint looks: an older look would name
        places that have moved since.
        """
        location = uris.to_fs_path(uri)
        if location is None:
            return None
        root = root_of(location)
        for _ in range(_TRIES):
            known = self._analyses.get(root)
            if known is not None and known.opened == self._opened(root):
                return known, relative(location, root)
            await self.look(uri)
        return None

    async def look_everywhere(self) -> None:
        """Inspects each known project: files have changed outside of the editor."""
        for root in list(self._analyses):
            await self.look_at(root, pause=PAUSE)


def build() -> CovlintServer:
    """A server that answers; nothing is started yet."""
    server = CovlintServer()

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        options: Any = params.initialization_options
        server.fix_on_save = isinstance(options, dict) and options.get("fixOnSave") is True

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace else None
        if watching is not None and watching.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions(
                [types.FileSystemWatcher("**/*")]
            )
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            registration = types.Registration(_WATCHED, method, options)
            await server.client_register_capability_async(types.RegistrationParams([registration]))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def changed_on_disk(_: types.DidChangeWatchedFilesParams) -> None:
        await server.look_everywhere()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        await server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        await server.look(params.text_document.uri, pause=PAUSE)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        await server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: types.DidCloseTextDocumentParams) -> None:
        await server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_WILL_SAVE_WAIT_UNTIL)
    async def will_save(params: types.WillSaveTextDocumentParams) -> list[types.TextEdit] | None:
        return await _fix_all(server, params.text_document.uri) if server.fix_on_save else None

    kinds: list[types.CodeActionKind | str] = [types.CodeActionKind.QuickFix, FIX_ALL]

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds)
    )
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await _actions(server, params)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await _hover(server, params)

    return server


async def _actions(server: CovlintServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    uri, only = params.text_document.uri, params.context.only
    found = await server.current(uri)
    if found is None:
        return []
    analysis, path = found
    converter = server.converter(analysis)
    actions = []
    if _asked(only, types.CodeActionKind.QuickFix.value):
        for one in analysis.at(path):
            action = converter.quick_fix(one)
            if action is not None and _touch(converter.range(one.span), params.range):
                actions.append(action)
    if only and _asked(only, FIX_ALL):
        edits = await _fix_all(server, uri)
        if edits:
            actions.append(
                types.CodeAction(
                    title="covlint: apply all safe fixes of this file",
                    kind=FIX_ALL,
                    edit=types.WorkspaceEdit(changes={uri: edits}),
                )
            )
    return actions


async def _fix_all(server: CovlintServer, uri: str) -> list[types.TextEdit] | None:
    found = await server.current(uri)
    if found is None:
        return None
    analysis, path = found
    after = await asyncio.to_thread(analysis.fixed, path)
    return None if after is None else server.converter(analysis).change(path, after)


async def _hover(server: CovlintServer, params: types.HoverParams) -> types.Hover | None:
    found = await server.current(params.text_document.uri)
    if found is None:
        return None
    analysis, path = found
    converter = server.converter(analysis)
    here = types.Range(params.position, params.position)
    listed = [one for one in analysis.at(path) if _touch(converter.range(one.span), here)]
    if not listed:
        return None
    text = "\n\n---\n\n".join(converter.hover(one) for one in listed)
    content = types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.Hover(content, converter.range(listed[0].span))


def _asked(only: Any, kind: str) -> bool:
    """Kinds are a tree: who asks for ``source.fixAll`` asks for ``source.fixAll.covlint``."""
    words = [str(getattr(one, "value", one)) for one in only or ()]
    return not words or any(kind == word or kind.startswith(word + ".") for word in words)


def _touch(one: types.Range, other: types.Range) -> bool:
    return _key(one.start) <= _key(other.end) and _key(other.start) <= _key(one.end)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
