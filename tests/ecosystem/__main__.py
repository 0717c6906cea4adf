"""covlint on real repositories: what it reads and says there, and what a change alters.

Folders hold checkouts, one each; none of their text is kept. Written for Linux and macOS.

    python -m tests.ecosystem record FOLDER… --output NEW.json   run covlint on each folder
    python -m tests.ecosystem compare OLD.json NEW.json          findings that came and went
    python -m tests.ecosystem judge NEW.json                     precision, by judgements.json
    python -m tests.ecosystem table NEW.json                     one line per repository
    python -m tests.ecosystem fixes FOLDER…                      check every fix, on copies
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    from ecosystem import commands

    parser = argparse.ArgumentParser(
        prog="python -m tests.ecosystem",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands.add(parser)
    return commands.run_chosen(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
