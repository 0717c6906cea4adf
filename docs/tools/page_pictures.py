"""Writes docs/images/page-light.png and page-dark.png: the page that `covlint verify` leaves.

The run is real: fixtures/projects/datastorage, repaired by `covlint --fix` and without the build
flags that only cost time, on the process engine. Needs chromium and chromedriver.

Usage: python docs/tools/page_pictures.py [FOLDER]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "fixtures" / "projects" / "datastorage"
SIZE = {"width": 1160, "height": 900, "deviceScaleFactor": 1, "mobile": False}
SWITCHES = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
)


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    with tempfile.TemporaryDirectory(prefix="covlint-page-") as place:
        folder = Path(place) / "datastorage"
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(".covlint", "coverdata"))
        for words in (["--fix", "--unsafe-fixes"], ["verify"]):
            subprocess.run([sys.executable, "-m", "covlint", *words], cwd=folder, check=False)
        page = folder / ".covlint" / "datastorage" / "coverage.html"
        for scheme, picture in pictures(page, Path(place)).items():
            (target / f"page-{scheme}.png").write_bytes(picture)


def pictures(page: Path, profile: Path) -> dict[str, bytes]:
    """The page, as it is seen first, for a light and for a dark screen."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for switch in [*SWITCHES.split(), f"--user-data-dir={profile / 'profile'}"]:
        options.add_argument(switch)
    driver = webdriver.ChromeService(shutil.which("chromedriver") or "chromedriver")
    found: dict[str, bytes] = {}
    with webdriver.Chrome(options, driver) as browser:
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            browser.get(page.as_uri())
            found[scheme] = browser.get_screenshot_as_png()
    return found


if __name__ == "__main__":
    main()
