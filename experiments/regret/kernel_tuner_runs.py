"""One search by Kernel Tuner in its simulation mode. Runs in an environment of its own that has it.

python kernel_tuner_runs.py CACHE.json STRATEGY SEED EVALUATIONS

The last line of the output is a JSON list: the keys of the plans evaluated, in order, repetitions included.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import sys
from pathlib import Path

import numpy as np
from constraint import FunctionConstraint
from kernel_tuner import tune_kernel


def main(cache: str, strategy: str, seed: str, evaluations: str) -> None:
    data = json.loads(Path(cache).read_text())
    names = data["tune_params_keys"]
    # failures included: its own `tune_cache` would leave them out, which no tuner can know
    legal = {tuple(result[name] for name in names) for result in data["cache"].values()}
    random.seed(int(seed))  # the strategies draw from Python's stream and from numpy's
    np.random.seed(int(seed))
    with contextlib.redirect_stdout(io.StringIO()):
        results, _ = tune_kernel(
            "recorded",
            "",
            1,
            [],
            data["tune_params"],
            restrictions=[FunctionConstraint(lambda *values: values in legal)],
            strategy=strategy,
            strategy_options={"max_fevals": int(evaluations)},
            simulation_mode=True,
            cache=cache,
            quiet=True,
        )
    plans = [{name: result[name] for name in names if result[name] != "inactive"} for result in results]
    keys = [json.dumps(dict(sorted(plan.items())), separators=(",", ":")) for plan in plans]
    print(json.dumps(keys))


if __name__ == "__main__":
    main(*sys.argv[1:])
