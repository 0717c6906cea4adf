"""kubectl as covlint asks it: commands of one cluster, and watches that stream their events."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from covlint.frozen import dataclass
from covlint.runner.cluster.pods import PodState, read_pod
from covlint.runner.command import CannotStart, Command, Completed, Processes

#: Seconds for one answer of the API server.
_ANSWER = 60.0
#: Seconds before a watch is begun again: short at first.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Kubectl:
    """``kubeconfig`` and ``context`` None: kubectl's own choice."""

    processes: Processes
    env: Mapping[str, str]
    cwd: Path
    kubeconfig: Path | None = None
    context: str | None = None

    def words(self, *words: str) -> tuple[str, ...]:
        return ("kubectl", *self.options, *words)

    @property
    def options(self) -> tuple[str, ...]:
        """Those that say which cluster is meant."""
        chosen: tuple[str, ...] = ()
        if self.kubeconfig is not None:
            chosen += (f"--kubeconfig={self.kubeconfig}",)
        if self.context is not None:
            chosen += (f"--context={self.context}",)
        return chosen

    def command(self, why: str, *words: str, timeout: float | None = _ANSWER) -> Command:
        return Command(self.words(*words), self.cwd, self.env, why, timeout)

    def ask(self, *words: str, timeout: float = _ANSWER) -> Completed | str:
        """Run a question to its end; what could not be started is told in words."""
        try:
            return self.processes.run(self.command("kubectl", *words, timeout=timeout))
        except CannotStart as error:
            return str(error)

    def object(self, *words: str) -> dict[str, Any] | None:
        """One answer in JSON; None when there is none."""
        done = self.ask("get", *words, "-o", "json")
        if isinstance(done, str) or done.code != 0:
            return None
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    def watch_pods(
        self,
        namespace: str,
        selector: str,
        known: dict[str, PodState],
        done: Callable[[dict[str, PodState]], bool],
        timeout: float,
    ) -> bool:
        """Follow the pods of a selector until ``done``; False when the time (seconds) is over.

        ``known`` is brought up to date with each event. A pod that is gone before
        the watch begins sends none, so that each watch begins with a list; one that the
        server closes is begun again.
        """
        deadline = time.monotonic() + timeout
        path = f"/api/v1/namespaces/{namespace}/pods?{selector}"
        pause = _FIRST_PAUSE
        while not done(known):
            if time.monotonic() >= deadline:
                return False
            version = self._list(path, known)
            if done(known):
                return True
            for event in self._events(f"{path}&watch=1&resourceVersion={version}", deadline):
                pod = read_pod(event["object"], deleted=event["type"] == "DELETED")
                if pod.name:
                    known[pod.name] = pod.after(known.get(pod.name))
                if done(known):
                    return True
            time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return True

    def _list(self, path: str, known: dict[str, PodState]) -> str:
        """Bring ``known`` up to date, and tell the version from which a watch goes on."""
        answer = self.ask("get", "--raw", path)
        if isinstance(answer, str) or answer.code != 0:
            return ""
        try:
            listed = json.loads(answer.stdout)
        except ValueError:
            return ""
        pods = [read_pod(item) for item in listed.get("items") or ()]
        for gone in known.keys() - {pod.name for pod in pods}:
            known[gone] = replace(known[gone], deleted=True)
        known.update({pod.name: pod.after(known.get(pod.name)) for pod in pods})
        return str(listed.get("metadata", {}).get("resourceVersion", ""))

    def _events(self, path: str, deadline: float) -> Iterator[dict[str, Any]]:
        with self.processes.streaming(self.command("watch", "get", "--raw", path)) as stream:
            for line in _lines(stream, deadline):
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict) and event.get("type") in (
                    "ADDED",
                    "MODIFIED",
                    "DELETED",
                ):
                    yield event


def label_selector(labels: Mapping[str, str]) -> str:
    """For :meth:`Kubectl.watch_pods`: pods with all of these labels."""
    return "labelSelector=" + quote(",".join(f"{key}={value}" for key, value in labels.items()))


def name_selector(name: str) -> str:
    """For :meth:`Kubectl.watch_pods`: the one pod of that name."""
    return "fieldSelector=" + quote(f"metadata.name={name}")


def _lines(stream: int, deadline: float) -> Iterator[bytes]:
    """The lines of a pipe as they come, until its end or the deadline (monotonic seconds)."""
    rest = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            return
        data = os.read(stream, 1 << 16)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
