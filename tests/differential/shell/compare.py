"""Generated scripts: what covlint says that they run, beside what bash and dash run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from differential.outcomes import Outcome
from differential.shell.claims import Claim, claims
from differential.shell.scripts import HIDDEN, Generated
from differential.shell.traced import Record, accepted, traces

#: Scripts that one shell runs after the other, in folders that are there together.
_BATCH = 50
_WORKERS = 4


def compare(scripts: Sequence[Generated]) -> Outcome:
    outcome = Outcome("shell scripts, run", "bash and dash", "scripts")
    batches = [scripts[start : start + _BATCH] for start in range(0, len(scripts), _BATCH)]
    with ThreadPoolExecutor(_WORKERS) as pool:  # what is waited for are the shells
        for batch, ran in zip(batches, pool.map(_traces, batches), strict=True):
            for script, runs in zip(batch, ran, strict=True):
                differences = _Comparison(script, runs, outcome).differences()
                if differences and not _Comparison(script, runs, None, assumed=False).differences():
                    outcome.explained["what a branch sets is taken as set"] += 1
                    differences = []
                outcome.inputs += 1
                outcome.same += not differences
                outcome.different += [f"script({script.seed}): {one}" for one in differences[:1]]
    return outcome


def _traces(scripts: Sequence[Generated]) -> list[dict[str, list[Record]]]:
    with tempfile.TemporaryDirectory() as folder:
        return traces(Path(folder).resolve(), scripts)


def compare_syntax(scripts: Sequence[Generated]) -> Outcome:
    """The scripts as they are, and with a piece cut out, which makes most of them wrong."""
    outcome = Outcome("shell scripts, syntax", "`bash -n` and `dash -n`", "scripts")
    texts = [(one.shell, text) for one in scripts for text in (one.text, _cut(one))]
    outcome.inputs = len(texts)
    with tempfile.TemporaryDirectory() as folder:
        taken = dict.fromkeys(range(len(texts)), False)
        for shell in ("bash", "dash"):
            # A script for sh is right where either takes it.
            mine = [n for n, (wants, _) in enumerate(texts) if shell == "bash" or wants == "sh"]
            place = Path(folder, shell)
            place.mkdir()
            found = accepted(shell, place, [texts[number][1] for number in mine])
            for number, one in zip(mine, found, strict=True):
                taken[number] = taken[number] or one
    for number, (_, text) in enumerate(texts):
        broken = claims(text)[1]
        outcome.compared["taken by a shell" if taken[number] else "refused by all"] += 1
        if broken != taken[number]:
            outcome.same += 1
        elif not taken[number]:
            outcome.explained["refused by the shell, read as far as it goes"] += 1
        else:
            outcome.explained["cut, taken by a shell by chance, said to be wrong in part"] += 1
            if number % 2 == 0:
                outcome.different.append(f"script({scripts[number // 2].seed}) is said to be wrong")
    return outcome


def _cut(script: Generated) -> str:
    """Without a few bytes, whose place comes of the seed."""
    start = 10 + script.seed % (len(script.text) - 10)
    return script.text[:start] + script.text[start + 1 + script.seed % 5 :]


class _Comparison:
    def __init__(
        self,
        script: Generated,
        ran: dict[str, list[Record]],
        outcome: Outcome | None,
        *,
        assumed: bool = True,
    ) -> None:
        self.script = script
        self.outcome = outcome or Outcome("", "", "")
        self.claims: dict[str, list[Claim]] = {}
        for claim in claims(script.text, assumed=assumed)[0]:
            self.claims.setdefault(claim.mark, []).append(claim)
        #: Each record with the run that it is of.
        self.ran: dict[str, dict[Record, str]] = {}
        for run, records in ran.items():
            for record in records:
                own = self.ran.setdefault(record.mark, {})
                own.setdefault(record, run.partition(" ")[2])

    def differences(self) -> list[str]:
        found = []
        for mark in sorted({*self.claims, *self.ran}):
            own, seen = self.claims.get(mark, []), self.ran.get(mark, {})
            missed = {one for one in seen if not any(claim.fits(one) for claim in own)}
            found += self.missed(mark, missed)
            found += [text for claim in own if (text := self.wrong(claim, missed))]
            self.count(own, list(seen))
        return found

    def missed(self, mark: str, missed: set[Record]) -> list[str]:
        """Commands that ran, and are not claimed."""
        kind = mark.rstrip("0123456789")
        seen = self.ran.get(mark, {})
        taken = {run for record, run in seen.items() if record not in missed}
        found = []
        for record in missed:
            if kind in HIDDEN and mark not in self.claims:
                self.explain(f"a command is {HIDDEN[kind]}")
            elif taken and seen[record] not in taken and "COVER" in self.script.text:
                self.explain("what a branch sets is taken as set")
            else:
                found.append(f"{record} is not among {self.claims.get(mark, [])}")
        return found

    def wrong(self, claim: Claim, missed: set[Record]) -> str | None:
        """What is wrong with a claim, if anything."""
        seen = self.ran.get(claim.mark, {})
        if any(claim.fits(one) for one in seen):
            return None
        reason = claim.reason
        if reason is None and any(w in self.script.text for w in ("exit", "exec", "set -e")):
            reason = "behind an exit"
        if reason is None or missed:
            return f"{claim} is not among {list(seen)}"
        self.explain(f"a command that did not run, {'or not like that, ' * bool(seen)}{reason}")
        return None

    def explain(self, reason: str) -> None:
        self.outcome.explained[reason] += 1

    def count(self, own: list[Claim], records: list[Record]) -> None:
        if not own or not records:
            return
        claim = own[0]
        known = {at for at, _ in claim.environment}
        set_here = [at for at, value in enumerate(records[0].environment) if value is not None]
        self.outcome.compared["commands"] += 1
        for name, whole, left in (
            ("arguments", len(claim.argv), sum(one is None or one is ... for one in claim.argv)),
            ("working directories", 1, int(claim.folder is None)),
            ("variables", len(set_here), sum(at not in known for at in set_here)),
        ):
            before = self.outcome.unknown.get(name, (0, 0))
            self.outcome.unknown[name] = (before[0] + whole, before[1] + left)
