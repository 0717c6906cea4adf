"""Prints the rates of the bench, and what is missing by name.

``--run kind`` (or process, smoke, image) runs the sabotages of that engine for real instead,
each before and after its repair; words that follow choose some by code or name.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from breakit.bench import false_alarms, pairs, try_sabotage
from breakit.change import Engine
from breakit.harmless import HARMLESS
from breakit.runs import put, run
from breakit.sabotages import SABOTAGES

#: Of the pairs: the same ones each time.
COUNT, SEED = 60, 20261123


def main() -> int:
    parser = argparse.ArgumentParser(prog="breakit", description=__doc__)
    parser.add_argument("--run", choices=[one.value for one in Engine if one is not Engine.NONE])
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    return runs(Engine(asked.run), asked.words) if asked.run else rates()


def runs(engine: Engine, words: list[str]) -> int:
    """One line for each real run; 1 when one of them did not show what it is said to."""
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="breakit-") as base:
        place = Path(base) / "parcels"
        place.parent.chmod(0o755)
        for one in SABOTAGES:
            if one.engine is not engine or (
                words and not any(w in f"{one.code} {one.name}" for w in words)
            ):
                continue
            trial = try_sabotage(one)
            before = run(engine, put(trial.broken, place), one.target)
            as_said = before.arrived if one.symptom is None else one.symptom in before.symptoms
            after = run(engine, put(trial.repaired, place), one.target) if trial.restored else None
            good = as_said and (after is None or after.arrived)
            wrong += not good
            seen = ", ".join(sorted(s.value for s in before.symptoms)) or "arrived"
            then = (
                "" if after is None else "; repaired: " + ("arrived" if after.arrived else "lost")
            )
            print(f"{'ok ' if good else 'BAD'} {one.code} {one.name}: {seen}{then}", flush=True)
            if not good:
                print(before.told if not as_said or after is None else after.told)
    return 1 if wrong else 0


def rates() -> int:
    """The rates, and the names behind what is missing of them."""
    trials = [try_sabotage(one) for one in SABOTAGES]
    detected = [one for one in trials if one.detected]
    with_fix = [one for one in trials if one.sabotage.repaired]
    restored = [one for one in with_fix if one.restored]
    alarms = {one.name: found for one in HARMLESS if (found := false_alarms(one))}
    unexpected = {one.sabotage.name: one.unexpected for one in trials if one.unexpected}
    both = list(pairs(SABOTAGES, COUNT, SEED))
    reasons = [reason for pair in both for _, reason in pair.silent]
    rules = {one.code for one in SABOTAGES}

    print(f"detection     {_rate(len(detected), len(trials))} of sabotages, for {len(rules)} rules")
    print(f"repair        {_rate(len(restored), len(with_fix))} of those with a fix")
    print(f"false alarms  {_rate(len(alarms), len(HARMLESS))} of harmless changes")
    print(
        f"pairs         {_rate(2 * COUNT - len(reasons), 2 * COUNT)} reported at once; "
        f"{reasons.count('precedence')} behind the other by the precedence table, "
        f"{reasons.count('hidden')} hidden by it, {reasons.count('revealed')} after the other one's repair, "
        f"{reasons.count('missed')} missed"
    )
    _listed(
        "not detected", (f"{t.sabotage.code} {t.sabotage.name}" for t in trials if not t.detected)
    )
    _listed(
        "not repaired",
        (
            f"{t.sabotage.code} {t.sabotage.name}: {sorted(t.left)}"
            for t in with_fix
            if not t.restored
        ),
    )
    _listed("false alarms", (f"{name}: {sorted(found)}" for name, found in alarms.items()))
    _listed("reported besides", (f"{name}: {sorted(found)}" for name, found in unexpected.items()))
    _listed(
        "missed in pairs",
        (f"{name} in: {p.name}" for p in both for name, why in p.silent if why == "missed"),
    )
    return 0


def _rate(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / whole:.1f} %)"


def _listed(title: str, lines: object) -> None:
    found = list(lines)  # type: ignore[call-overload]
    if found:
        print(f"\n{title}:")
        for line in found:
            print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
