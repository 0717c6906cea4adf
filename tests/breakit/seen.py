"""What real runs of the sabotages have shown, beside what covlint says of them: made by
``python -m breakit --run ENGINE --record``, and kept in ``recorded/ENGINE.json``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from breakit.bench import try_sabotage
from breakit.change import Engine, Sabotage
from breakit.clusters import clusters
from breakit.runs import Run, by_cluster, put, run, tools

FOLDER = Path(__file__).parent / "recorded"
RunOne = Callable[[Mapping[str, str], str], Run]


@dataclass(frozen=True, slots=True)
class Seen:
    """``said`` are the codes that covlint reports; ``lost`` the symptom that the run shows, None
    where everything arrived; ``left`` is what came to the host; ``repaired`` is how the run ends
    after the repair ("arrived" or "lost"), None where covlint writes none."""

    engine: str
    code: str
    name: str
    said: tuple[str, ...]
    lost: str | None
    left: str
    repaired: str | None
    as_said: bool


@contextmanager
def bench(engine: Engine, place: Path) -> Iterator[RunOne]:
    """What runs a project, for one engine."""
    if engine is Engine.KIND:
        with clusters(place, tools(place.parent / "bin")) as made:
            yield lambda files, _: by_cluster(made, files)
        return
    yield lambda files, service: run(engine, put(files, place), service)


def see(sabotage: Sabotage, run_one: RunOne) -> tuple[Seen, str]:
    """Run a sabotage before and after its repair; and what was printed where it is not as said."""
    trial = try_sabotage(sabotage)
    before = run_one(trial.broken, sabotage.target)
    if sabotage.symptom is None:
        as_said = before.arrived
    else:
        as_said = not before.arrived and sabotage.symptom in before.symptoms
    told = "" if as_said else before.told
    repaired = None
    if trial.restored:
        after = run_one(trial.repaired, sabotage.target)
        repaired = "arrived" if after.arrived else "lost"
        told += "" if after.arrived else f"\nafter the repair:\n{after.told}"
    found = sorted(one.value for one in before.symptoms)
    lost = None if before.arrived else ", ".join(found) or "unexplained"
    if as_said and sabotage.symptom is not None:
        lost = sabotage.symptom.value
    return (
        Seen(
            sabotage.engine.value,
            sabotage.code,
            sabotage.name,
            tuple(sorted({code for code, _ in trial.found})),
            lost,
            before.left,
            repaired,
            as_said and repaired != "lost",
        ),
        told,
    )


def kept(engine: Engine) -> tuple[Seen, ...]:
    file = FOLDER / f"{engine.value}.json"
    if not file.exists():
        return ()
    listed = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Seen(**{**one, "said": tuple(one["said"])}) for one in listed)


def keep(engine: Engine, found: Sequence[Seen]) -> None:
    """Put them in the place of what was kept of the same sabotages."""
    FOLDER.mkdir(exist_ok=True)
    known = {(one.code, one.name): one for one in (*kept(engine), *found)}
    listed = [dataclasses.asdict(known[key]) for key in sorted(known)]
    text = json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / f"{engine.value}.json").write_text(text, encoding="utf-8")


def table(found: Sequence[Seen]) -> Iterator[str]:
    """One line for each, and the rate."""
    rows = [("engine", "sabotage", "covlint says", "the run shows", "data on the host", "repaired")]
    rows += [
        (
            one.engine,
            f"{one.code} {one.name}",
            " ".join(one.said) or "nothing",
            (one.lost or "nothing lost") + ("" if one.as_said else " (not as said)"),
            one.left,
            one.repaired or "no fix",
        )
        for one in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    named = sum(one.code in one.said for one in found)
    good = sum(one.as_said for one in found)
    yield f"{good} of {len(found)} as said; {named} of {len(found)} reported by covlint"
