"""How the finals are held: processes in turn, slow candidates dropped, those that fail left out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from autotune.duels import LOOKS, Finals, Run, decided, hopeless, run_of
from autotune.harness import Job
from autotune.legal import plan_key
from autotune.outcome import Comparison, Failure
from autotune.select import Entry, Rules, interval, ranked
from search_spaces.model import Plan

FINALISTS = 8  # candidates besides the reference
_CLOSE = 0.03  # a trial sees one process only; others of equal code differ by so much

Compare = Callable[[Sequence[Job], int], Comparison | Failure]


def finalists(entries: Sequence[Entry], rules: Rules, reference: Plan) -> list[Entry]:
    """The fastest that may win, besides the reference, as far as trials cannot exclude that they are best."""
    best = [e for e in ranked(entries, rules) if e.plan != reference]
    if not best:
        return []
    bound = interval(best[0]).high * (1.0 + _CLOSE)
    return [e for e in best[:FINALISTS] if interval(e).low <= bound]


def hold_finals(
    reference: Job,
    candidates: Sequence[Job],
    compare: Compare,
    processes: int,
    note: Callable[[str], None],
    together: bool = True,
) -> Finals:
    """Time ``candidates`` and ``reference`` head to head in ``processes`` fresh processes, or twice as many.

    ``compare`` times jobs interleaved in a process of their own, given a seed. With ``together`` all share
    each process; otherwise, or when that fails, each candidate meets the reference in one of its own.
    """
    finals = Finals(reference.plan, tuple(c.plan for c in candidates), processes)
    runs: list[Run] = []
    failures: dict[str, Failure] = {}
    left = list(candidates)
    for process in range(LOOKS * processes):
        finals = Finals(finals.reference, finals.plans, processes, tuple(runs), failures)
        if process == processes // 2 and process > 0:
            slow = hopeless(finals, [c.plan for c in left])
            left = [c for c in left if c.plan not in slow]
        if not left or (process == processes and decided(finals)):
            break
        note(f"comparing the best {len(left) + 1}, process {process + 1} of {_planned(process, processes)}")
        for group in [left] if together else [[c] for c in left]:
            jobs = [reference, *group]
            random.Random(process).shuffle(jobs)
            found = compare(jobs, process + 1)
            if isinstance(found, Comparison):
                runs.append(run_of(process, {j.key: j.plan for j in jobs}, found))
            elif together and len(left) > 1:
                together = False  # this process is lost; from the next on it will show who is to blame
            else:
                failures[plan_key(group[0].plan)] = found
                left = [c for c in left if c is not group[0]]
    return Finals(finals.reference, finals.plans, processes, tuple(runs), failures)


def _planned(process: int, processes: int) -> int:
    return processes if process < processes else LOOKS * processes
