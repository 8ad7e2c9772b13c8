"""Whole small applications."""

import numpy as np

from tests.cases import Case, N

GAS = np.array([[1.0 + 0.07 * i * (5.3 - i), 0.1 * i + 0.03 * i * i, 2.5 + 0.2 * (i % 3)] for i in range(N)])

CASES = (
    Case(
        "applications",
        "shock_tube",
        {"u": GAS, "target": (N,), "gamma": 1.4, "dx": 0.1, "steps": 3},
    ),
    Case(
        "applications",
        "implicit_cells",
        {"load": (N,), "stiffness": (N,), "tolerance": 1e-12},
        wrt=("load", "stiffness"),
    ),
    Case(
        "applications",
        "conjugate_gradients",
        {
            "values": (8,),
            "columns": [0, 1, 0, 1, 2, 1, 2, 3],
            "rows": [0, 2, 5, 7, 8],
            "b": (4,),
            "x": (4,),
            "tolerance": 1e-9,
        },
        wrt=("values", "b"),
    ),
    Case(
        "applications",
        "reaction",
        {"u0": (5, 5), "v0": (5, 5), "feed": 0.03, "kill": 0.06, "n": 3, "steps": 3},
    ),
)
COMPILED = ("shock_tube", "implicit_cells", "conjugate_gradients")
