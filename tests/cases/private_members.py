"""Members of objects that are not public."""

from tests.cases import Case, N

_GRID = {"grid_h": 0.8, "grid_weights_0": 0.3, "grid_weights_1": 1.2}

CASES = (
    Case(
        "private_members",
        "md::Force::energy",
        {"cutoff": 1.4, "x": (N,), **_GRID, "scale": 0.75},
    ),
    Case(
        "private_members",
        "md::Force::compute",
        {"x": (N,), "f": (N,), "cutoff": 1.3, "grid_h": 0.9, "steps": 3},
    ),
    Case("private_members", "md::of_friend", {**_GRID, "x": (N,)}),
    Case("private_members", "Field<double>::relax", {"u": (N,), "omega": 0.8, "b": (N,)}),
)
COMPILED = ("md::Force::energy", "md::Force::compute", "Field<double>::relax")
