"""The page in headless Chromium: at two widths, light and dark, with keys, and without scripts.

What is only seen by looking (whether it is beautiful) is left to people: each look is kept as
a picture, in the folder that COVLINT_SCREENSHOTS names.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from covdata import pages
from covdata.pages import SOURCES, A, B, C, page
from covlint.covdata.flags import lay_over
from covlint.covdata.textfmt import parse

SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
)
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
#: What the test of contrast holds against each other: colour of text and of what is behind it.
ON = {
    "--ink": ("--bg", "--card", *(f"--s{n}" for n in (*range(7), "x"))),
    "--soft": ("--bg", "--card"),
    "--orange": ("--bg", "--card", "--no"),
    "--blue": ("--bg", "--card"),
    "--good": ("--card",),
    **dict.fromkeys(("--code", "--comment", "--string", "--word"), ("--card", "--yes", "--no")),
}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("there is no chromium with its chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for switch in [*SWITCHES.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(switch)
    found = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield found
    found.quit()


Show = Callable[..., "Shown"]


class Shown:
    """A page that is open in the browser."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def all(self, query: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, query)

    def one(self, query: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, query)

    def press(self, keys: str) -> None:
        self.browser.switch_to.active_element.send_keys(keys)

    def wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.browser, 10, 0.02).until(lambda _: condition())

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def shown_files(self) -> list[str]:
        return [one.get_attribute("data-n") for one in self.all(".f") if one.is_displayed()]


@pytest.fixture
def show(chromium: webdriver.Chrome, tmp_path: Path) -> Iterator[Show]:
    def opened(
        text: str, *, width: int = 1280, scheme: str = "light", scripts: bool = True, at: str = ""
    ) -> Shown:
        file = tmp_path / "coverage.html"
        file.write_text(text, encoding="utf-8")
        emulate = chromium.execute_cdp_cmd
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        emulate("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        emulate("Emulation.setEmulatedMedia", {"features": [feature]})
        emulate("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        chromium.get("about:blank")
        chromium.get_log("browser")
        chromium.get(file.as_uri() + at)
        return Shown(chromium)

    yield opened
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_can_be_read(show: Show, tmp_path: Path, width: int, scheme: str):
    long = {A: SOURCES[A].replace(b'"x"', b'"' + b"x" * 900 + b'"')}
    shown = show(
        page(sources={**SOURCES, **long}, verification=pages.FAILED), width=width, scheme=scheme
    )
    for file in shown.all("details"):
        shown.run("arguments[0].open = true", file)
    assert shown.run("return [innerWidth, document.documentElement.scrollWidth]") == [width, width]
    for query in (
        "h1",
        ".view",
        "#verification",
        ".chain .broken",
        "#gaps a",
        "#find",
        ".src li.n",
    ):
        assert shown.one(query).is_displayed(), query
    assert [one.is_displayed() for one in shown.all(".map")] == [width > 560, width <= 560]
    assert _cut_off(shown) == []
    assert shown.complaints() == []
    picture = shown.browser.get_screenshot_as_png()
    assert struct.unpack(">II", picture[16:24]) == (width, 900)
    folder = os.environ.get("COVLINT_SCREENSHOTS")
    (Path(folder or tmp_path) / f"page-{width}-{scheme}.png").write_bytes(picture)


def test_eight_flags_have_room(show: Show):
    """Six of them have colours."""
    profiles = [(f"suite-{n}", parse(pages.UNIT if n % 2 else pages.E2E)) for n in range(8)]
    for width in WIDTHS:
        shown = show(page(lay_over(profiles)), width=width)
        shown.press("n")
        assert shown.one(".src li.at").is_displayed()
        assert len(shown.all(".view input")) == 7
        assert _cut_off(shown) == []
        assert shown.complaints() == []


def _cut_off(shown: Shown) -> list[str]:
    """Elements with text that stick out of the window, but for sources, which scroll."""
    found: list[str] = shown.run(
        """return [...document.querySelectorAll("body *:not(svg, svg *)")]
        .filter((one) => one.checkVisibility() && !one.closest(".scroll"))
        .filter((one) => {
          const box = one.getBoundingClientRect();
          return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
        }).map((one) => one.outerHTML.slice(0, 80))"""
    )
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out(show: Show, scheme: str):
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    shown = show(page(), scheme=scheme)
    names = sorted({*ON, *(name for grounds in ON.values() for name in grounds)})
    colours = shown.run(
        """const at = document.createElement("i"); document.body.append(at);
        return arguments[0].map((name) => {
          at.style.color = `var(${name})`; return getComputedStyle(at).color })""",
        names,
    )
    light = dict(zip(names, map(_luminance, colours), strict=True))
    for text, grounds in ON.items():
        for ground in grounds:
            dark, bright = sorted((light[text], light[ground]))
            assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def _luminance(colour: str) -> float:
    """Relative luminance of ``rgb(1, 2, 3)``."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_it_follows_the_reader_s_scheme(show: Show):
    grounds = []
    for scheme in SCHEMES:
        show(page(), scheme=scheme)
        shown = show(page(), scheme=scheme)
        grounds.append(shown.run("return getComputedStyle(document.body).backgroundColor"))
    light, dark = map(_luminance, grounds)
    assert light > 0.8
    assert dark < 0.05


def test_gaps_are_walked_through_by_keys(show: Show):
    shown = show(page())
    gap = ".src li.at"
    shown.press("n")
    first = shown.one(gap)
    assert "Never()" in first.text
    assert first.find_element(By.XPATH, "ancestor::details[1]").get_attribute("data-n") == A
    top, height = shown.run("return [arguments[0].getBoundingClientRect().top, innerHeight]", first)
    assert 0 < top < height
    assert shown.one("#told").text == "gap 1 of 2"
    shown.press("f")  # the coverage of `unit` alone has more gaps
    assert shown.one(".view :checked").get_attribute("id") == "view-a"
    texts = []
    for key in "nnj":
        shown.press(key)
        texts.append(shown.one(gap).text.strip())
    assert texts[0].startswith("if n < 0 {")
    assert texts[1].startswith("func Never() {")
    assert texts[2].startswith("func main() {")
    shown.press("k")
    assert shown.one(gap).text.startswith("func Never() {")


def test_the_colours_of_a_flag_are_shown(show: Show):
    shown = show(page())
    shown.run("for (const one of document.querySelectorAll('details')) one.open = true")

    def ground() -> str:
        line = next(one for one in shown.all(".src li.y") if "func main()" in one.text)
        return str(line.value_of_css_property("background-color"))

    executed = ground()
    shown.press("f")
    assert ground() == shown.one(".src li.n").value_of_css_property("background-color")
    assert ground() != executed


def test_files_are_found(show: Show):
    shown = show(page())
    shown.press("/")
    assert shown.browser.switch_to.active_element.get_attribute("id") == "find"
    shown.press("STORE b")
    shown.wait(lambda: shown.shown_files() == [B])
    assert shown.one("#told").text == "1 of 3 files"
    shown.press(Keys.ESCAPE)
    shown.wait(lambda: sorted(shown.shown_files()) == sorted([A, B, C]))
    assert shown.browser.switch_to.active_element.tag_name == "body"
    shown.one("#gapsonly").click()
    shown.wait(lambda: shown.shown_files() == [A, C])


def test_the_keys_are_told(show: Show):
    shown = show(page())
    assert not shown.one("#help").is_displayed()
    shown.press("?")
    assert "next gap" in shown.one("#help").text
    shown.press("n")  # is not heeded behind the dialog
    shown.press(Keys.ESCAPE)
    assert not shown.one("#help").is_displayed()
    assert shown.all(".at") == []


def test_the_map_leads_to_a_source_and_a_line_has_an_address(show: Show):
    shown = show(page())
    shown.run(
        "document.querySelector('.map.wide a[href^=\"#f\"] rect').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    shown.wait(lambda: shown.all(".f[open]"))
    name = shown.one(".f[open]").get_attribute("id")
    shown = show(page(), at=f"#{name}L3")
    assert shown.one(".src li.at").text.strip() == shown.all(f"#{name} .src li")[2].text.strip()


def test_syntax_is_coloured_and_the_text_stays_the_same(show: Show):
    shown = show(page())
    before = shown.run("return document.querySelector('.src').textContent")
    shown.run("document.querySelectorAll('details').forEach((one) => one.open = true)")
    told = "return [...CSS.highlights.get(arguments[0])].map((range) => range.toString()).sort()"
    shown.wait(lambda: len(shown.run(told, "word")) > 8)
    assert shown.run(told, "comment") == ["// Never is not called, whatever /* happens */."]
    assert set(shown.run(told, "string")) >= {'"<0"', '"&"', '"x"', "`raw", "text`"}
    assert {"func", "package", "return", "if"} <= set(shown.run(told, "word"))
    assert shown.run("return document.querySelector('.src').textContent") == before


def test_hostile_text_runs_nothing(show: Show):
    text = b"</ol><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\n"
    of = pages.coverage()
    shown = show(page(of, {**SOURCES, A: text * 12}))
    shown.run("document.querySelectorAll('details').forEach((one) => one.open = true)")
    assert shown.run("return window.hit") is None
    # And should a tag slip through one day, the policy stops it.
    shown.run(
        "const s = document.createElement('script'); s.textContent = 'window.hit = 2';"
        "document.body.append(s); document.body.insertAdjacentHTML('beforeend', "
        '\'<img src="x.png" onerror="window.hit = 3">\')'
    )
    shown.wait(lambda: len(shown.complaints()) >= 1)
    assert shown.run("return window.hit") is None


def test_without_scripts_all_of_it_can_be_read(show: Show):
    shown = show(page(verification=pages.FAILED), scripts=False)
    assert not shown.one(".tools").is_displayed()
    assert not shown.all(".src li")[0].is_displayed()
    file = next(one for one in shown.all(".f") if one.get_attribute("data-n") == A)
    file.find_element(By.TAG_NAME, "summary").click()
    assert "func Never()" in file.text
    shown.one("label:has(#view-a)").click()
    assert shown.one("#view-a").is_selected()
