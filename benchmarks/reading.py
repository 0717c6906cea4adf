"""Reads every file of the current folder, and looks for words in it: the least that Python can do.

Run as a program by repositories.py; it prints how many files have one of the words.
"""

from __future__ import annotations

import os

WORDS = (b"GOCOVERDIR", b"go build", b"go install", b"apiVersion")


def main() -> None:
    found = 0
    for folder, folders, files in os.walk("."):
        if ".git" in folders:
            folders.remove(".git")
        for name in files:
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                content = file.read()
            found += any(word in content for word in WORDS)
    print(found)


if __name__ == "__main__":
    main()
