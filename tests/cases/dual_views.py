"""DualViews."""

from tests.cases import Case, N

CASES = (
    Case("dual_views", "filled_on_the_host", {"x": (N,), "n": N}),
    *(Case("dual_views", "in_time_loop", {"x": (N,), "n": N, "steps": k}, note=f"{k}") for k in (0, 1, 2, 3)),
)
COMPILED = ("filled_on_the_host", "in_time_loop")
