"""Prints the rates of the bench, and what is missing by name.

``--run kind`` (or process, smoke, image) runs the sabotages of that engine for real instead,
each before and after its repair, and prints what each loses beside what covlint says of it; words
that follow choose some by code or name. ``--record`` keeps that in ``recorded/``; ``--seen`` prints
what is kept.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from breakit.bench import false_alarms, pairs, try_sabotage
from breakit.change import Engine, Sabotage
from breakit.harmless import HARMLESS
from breakit.sabotages import SABOTAGES
from breakit.seen import RunOne, Seen, bench, keep, kept, see, table

#: Of the pairs: the same ones each time.
COUNT, SEED = 60, 20261123


def main() -> int:
    parser = argparse.ArgumentParser(prog="breakit", description=__doc__)
    parser.add_argument("--run", choices=[one.value for one in Engine if one is not Engine.NONE])
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--seen", action="store_true")
    parser.add_argument("words", nargs="*")
    asked = parser.parse_args()
    if asked.seen:
        for line in table([one for engine in Engine for one in kept(engine)]):
            print(line)
        return 0
    if not asked.run:
        return rates()
    return runs(Engine(asked.run), asked.words, record=asked.record)


def runs(engine: Engine, words: list[str], *, record: bool) -> int:
    """The table of real runs; 1 when one of them did not show what it is said to."""
    chosen = [
        one
        for one in SABOTAGES
        if one.engine is engine
        and (not words or any(word in f"{one.code} {one.name}" for word in words))
    ]
    with tempfile.TemporaryDirectory(prefix="breakit-") as base:
        place = Path(base) / "parcels"
        place.parent.chmod(0o755)
        with bench(engine, place) as run_one:
            found = [told_at_once(one, run_one) for one in chosen]
    for line in table(found):
        print(line)
    if record:
        keep(engine, found)
    return 1 if any(not one.as_said for one in found) else 0


def told_at_once(sabotage: Sabotage, run_one: RunOne) -> Seen:
    seen, told = see(sabotage, run_one)
    print(f"{'ok ' if seen.as_said else 'BAD'} {seen.code} {seen.name}", flush=True)
    if not seen.as_said:
        print(told)
    return seen


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
