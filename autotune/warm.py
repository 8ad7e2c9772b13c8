"""Plans worth trying first: what won for the same function before, on other sizes, machines or nights.

Another machine's best plan may be far from this one's, but of its few best one is often good here too: so
ties count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autotune.legal import LegalPlans, checkpoint_plans, expert_plans, plan_key
from autotune.tuned import config_path, read_config
from search_spaces.model import Plan
from transform.diagnostics import UsageError

MOST = 10  # earlier plans tried before the sampler is asked
_PER_ENTRY = 3  # the winner and two of its ties


def first_plans(legal: LegalPlans, earlier: Iterable[Plan], trials: int) -> tuple[Plan, ...]:
    """The default, then those of other checkpoints where memory is limited, then ``earlier`` plans, then an
    expert's others: what a search tries before its sampler.

    A plan that is not legal here is replaced by the nearest legal one. Earlier ones take at most half of
    ``trials``, an expert's others at most a quarter.
    """
    chosen: dict[str, Plan] = {plan_key(legal.space.default): legal.space.default}
    if trials > 1:
        chosen |= {plan_key(plan): plan for plan in checkpoint_plans(legal)}
    most = len(chosen) + min(MOST, trials // 2)
    for plan in list(earlier):
        if len(chosen) >= most:
            break
        near = plan if plan in legal else legal.nearest(plan, np.random.default_rng(0), ())
        if near is not None:
            chosen.setdefault(plan_key(near), near)
    for plan in expert_plans(legal)[: 1 + trials // 4]:
        chosen.setdefault(plan_key(plan), plan)
    return tuple(chosen.values())


def tuned_plans(
    out: Path, name: str, given: Sequence[Path], wrt: Sequence[str], of: Sequence[str], arch: str
) -> list[Plan]:
    """Winners and ties of the function ``name`` in the tuned configs of ``out`` and in those ``given``.

    Those of the same architecture first, the newest first. Entries for other independents or dependents
    have other knobs and are left out. Raises ``UsageError`` for a given file that is no tuned config.
    """
    entries: list[Mapping[str, Any]] = []
    for path in (config_path(out, name), *given):
        config = read_config(path)
        if config is None and path in given:
            raise UsageError(f"--warm-start {path}: no such file")
        entries += (config or {}).get("entries", [])
    fitting = [e for e in entries if (e["wrt"], e["of"]) == (list(wrt), list(of))]
    fitting.sort(key=lambda e: e["provenance"]["date"], reverse=True)
    fitting.sort(key=lambda e: e["arch"] != arch)  # stable: the newest first among each
    return [plan for e in fitting for plan in _plans(e)]


def _plans(entry: Mapping[str, Any]) -> list[Plan]:
    ties = [plan for plan in entry["ties"] if plan != entry["knobs"]]
    return [entry["knobs"], *ties][:_PER_ENTRY]
