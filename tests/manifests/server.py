"""What an API server says to manifests, by `kubectl apply --dry-run=server`: nothing is kept."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from manifests.rendered import kubectls

#: kubectl before 1.26 sends five requests a second, and asks twice about each document.
_AT_ONCE = 4
#: ``Error from server (Invalid): error when creating "/tmp/x/12.yaml": Pod "till" is invalid: …``,
#: one line or several each, and what kubectl itself refuses in one list.
_FILE = re.compile(r'[^\n,\[]*"[^"\n]*/(\w+)\.yaml": ')
#: With one error only, kubectl does not say in which file it is: there are always two.
_ALWAYS_REFUSED = "apiVersion: v1\nkind: Namespace\nmetadata: {name: -}\n"
_ADVICE = re.compile(r"; if you choose to ignore.*|\nensure CRDs.*|\nWarning: .*", re.DOTALL)


class Unanswered(Exception):
    """Neither an answer nor an error for some document; the message is what kubectl said."""


@dataclass(frozen=True, slots=True)
class Server:
    """``kubeconfig`` leads to a cluster, ``kubectl`` is the newest one here."""

    kubeconfig: Path
    kubectl: str

    @classmethod
    def of(cls, kubeconfig: Path) -> Server:
        return cls(kubeconfig, max(kubectls(), key=lambda one: _client(one)[0]))

    @property
    def versions(self) -> str:
        said = json.loads(self._run("version", "-o", "json").stdout)
        return f"an API server of {said['serverVersion']['gitVersion'].removeprefix('v')}, kubectl {_client(self.kubectl)[1]}"

    def resources(self) -> set[tuple[str, str]]:
        """The versions and kinds that it knows: (``apps/v1``, ``Deployment``)."""
        lines = self._run("api-resources", "--no-headers").stdout.splitlines()
        return {(words[-3], words[-1]) for words in map(str.split, lines)}

    @contextmanager
    def namespaces(self, texts: Iterable[str]) -> Iterator[None]:
        """Those that the manifests name exist meanwhile."""
        wanted = {
            (yaml.load(text, Loader=yaml.CSafeLoader).get("metadata") or {}).get("namespace")
            for text in texts
        } - {None}
        there = self._run("get", "namespaces", "-o", "name").stdout.split()
        made = sorted(name for name in wanted if f"namespace/{name}" not in there)
        try:
            for name in made:
                self._run("create", "namespace", name)
            for name in made:  # a pod needs it, and a controller makes it a moment later
                self._wait_for_account(name)
            yield
        finally:
            if made:
                self._run("delete", "namespace", *made)

    def errors(self, texts: Sequence[str]) -> list[str | None]:
        """What the server or kubectl says against each manifest. Raises Unanswered."""
        with tempfile.TemporaryDirectory(prefix="covlint-manifests-") as place:
            shares = [Path(place, str(number)) for number in range(_AT_ONCE)]
            for share in shares:
                share.mkdir()
                (share / "refused.yaml").write_text(_ALWAYS_REFUSED, encoding="utf-8")
            for number, text in enumerate(texts):
                (shares[number % _AT_ONCE] / f"{number}.yaml").write_text(text, encoding="utf-8")
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                answers = list(pool.map(self._ask, shares))
        said: Mapping[int, str] = {}
        for found, _ in answers:
            said = {**said, **found}
        accepted = sum(count for _, count in answers)
        if accepted + len(said) != len(texts):
            raise Unanswered(f"{accepted} accepted and {len(said)} refused of {len(texts)}: {said}")
        return [said.get(number) for number in range(len(texts))]

    def _ask(self, folder: Path) -> tuple[dict[int, str], int]:
        """The errors, and how many documents were accepted."""
        done = self._run("apply", "--dry-run=server", "-f", str(folder), check=False)
        found = refusals(done.stderr)
        return found, done.stdout.count("(server dry run)")

    def _wait_for_account(self, namespace: str) -> None:
        for _ in range(50):
            words = ("get", "serviceaccount", "default", "-n", namespace)
            if self._run(*words, check=False).returncode == 0:
                return
        raise Unanswered(f"namespace {namespace} gets no service account")

    def _run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [self.kubectl, f"--kubeconfig={self.kubeconfig}", *words]
        return subprocess.run(command, capture_output=True, text=True, check=check, timeout=300)


def refusals(stderr: str) -> dict[int, str]:
    """What kubectl says against each file, by the number that it is named by."""
    _, *parts = _FILE.split(stderr)
    found = {}
    for name, what in zip(parts[::2], parts[1::2], strict=True):
        if name.isdigit():
            text = _ADVICE.sub("", what).strip(" ,\n")
            closed = text.count("]") > text.count("[")  # that is the list's
            found[int(name)] = text.removesuffix("]") if closed else text
    return found


def _client(kubectl: str) -> tuple[tuple[int, ...], str]:
    """The version of a kubectl, to compare and to show."""
    done = subprocess.run(
        [kubectl, "version", "--client", "-o", "json"], capture_output=True, text=True, check=True
    )
    found = re.search(
        r"v(\d+)\.(\d+)\.(\d+)", json.loads(done.stdout)["clientVersion"]["gitVersion"]
    )
    assert found is not None
    return tuple(map(int, found.groups())), found[0].removeprefix("v")
