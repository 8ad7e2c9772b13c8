"""Iterations that change memory in place."""

import numpy as np

from tests.cases import Case

ORDER = np.array([[2, 0, 3, 1], [0, 1, 2, 3], [3, 2, 1, 0]], np.int32)
CASES = (
    Case("in_place", "forward_substitution", {"A": (4, 5, 5), "b": (4, 5)}),
    Case("in_place", "forward_substitution", {"A": (4, 1, 1), "b": (4, 1)}, note="no inner trips"),
    Case("in_place", "forward_substitution", {"A": (0, 3, 3), "b": (0, 3)}, note="no iterations"),
    Case("in_place", "tridiagonal", {n: (3, 6) for n in ("lower", "diagonal", "upper", "d")}),
    Case("in_place", "factorised", {"A": (3, 4, 4)}),
    Case("in_place", "factorised", {"A": (3, 1, 1)}, note="one row"),
    Case("in_place", "cholesky", {"A": (3, 4, 4)}),
    Case("in_place", "hydrostatic", {"q": (3, 7), "p": (3, 7), "g": 0.3}),
    Case("in_place", "hydrostatic", {"q": (3, 7), "p": (3, 7), "g": 0.3}, wrt=("g",)),
    Case("in_place", "hydrostatic", {"q": (3, 1), "p": (3, 1), "g": 0.3}, of=("p",), note="one level"),
    Case("in_place", "sorted_rows", {"x": (4, 6)}),
    Case("in_place", "stepped_cells", {"y": (4, 3), "work": (4, 3), "h": 0.1, "steps": 5}),
    Case("in_place", "stepped_cells", {"y": (4, 3), "work": (4, 3), "h": 0.1, "steps": 0}, note="no steps"),
    Case("in_place", "normalised", {"x": (4, 5)}),
    Case("in_place", "relaxed", {"u": (4, 6), "f": (4, 6), "sweeps": 4}),
    Case("in_place", "scaled_rows", {"count": [3, 0, 5, 1], "value": (4, 5)}),
    Case("in_place", "scaled_rows", {"count": [0, 0], "value": (2, 3)}, note="empty rows"),
    Case("in_place", "settled", {"u": (3, 2, 5), "most": 6, "tolerance": 1e-3}),
    Case("in_place", "settled", {"u": (3, 2, 5), "most": 60, "tolerance": 0.3}, note="few steps"),
    Case("in_place", "shuffled", {"order": ORDER, "x": (3, 4), "out": (3,)}),
    Case("in_place", "by_rank", {"A": (4, 5), "x": (5,), "out": (4,)}),
    Case("in_place", "limited", {"u": (4, 6), "limit": (6,)}, floats=frozenset({"u", "limit"})),
    Case("in_place", "until_large", {"a": (5, 3), "m": 4}),
)
COMPILED = ("tridiagonal", "factorised", "hydrostatic", "relaxed", "scaled_rows", "settled")
