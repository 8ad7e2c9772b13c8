"""View variables that change what they stand for."""

from tests.cases import Case, N

CASES = (
    *(
        Case(
            "identity",
            "swap_in_time_loop",
            {"u": (N,), "v": (N,), "dt": 0.2, "n": N, "steps": k},
            note=str(k),
        )
        for k in (0, 1, 4, 5)
    ),
    *(Case("identity", "swap_and_use", {"x": (N,), "n": N, "steps": k}, note=str(k)) for k in (0, 3, 4)),
    *(Case("identity", "leapfrog", {"x": (N,), "n": N, "steps": k}, note=str(k)) for k in (0, 2, 3, 4)),
    Case("identity", "swapped_in_branch", {"u": (N,), "v": (N,), "a": 0.7, "n": N}),
    Case("identity", "swapped_in_branch", {"u": (N,), "v": (N,), "a": 0.3, "n": N}, note="not"),
    *(
        Case("identity", "swapped_sometimes", {"u": (N,), "v": (N,), "n": N, "steps": k}, note=f"{k}")
        for k in (0, 2, 5)
    ),
    *(
        Case("identity", "nested_swaps", {"u": (N,), "v": (N,), "n": N, "outer": 3, "inner": k}, note=str(k))
        for k in (0, 2, 3)
    ),
    *(
        Case("identity", "swapped_by_helper", {"u": (N,), "v": (N,), "n": N, "steps": k}, note=f"{k}")
        for k in (0, 1, 4)
    ),
    *(
        Case("identity", "chosen_view", {"x": (N,), "y": (N,), "mode": k, "n": N}, note=str(k))
        for k in (0, 1, 2)
    ),
    Case("identity", "wrapped", {"x": (12,), "n": 4, "m": 3}),
    Case("identity", "local_buffer", {"y": (N,), "x": (N,), "n": N}),
    Case("identity", "returned_views", {"a": (N, 2), "x": (N,), "n": N, "mode": 1}),
    Case("identity", "returned_views", {"a": (N, 2), "x": (N,), "n": N, "mode": 0}, note="other"),
    *(
        Case("identity", "converges", {"u": (N,), "v": (N,), "n": N, "limit": k}, note=f"{k}")
        for k in (10.0, 0.3, 0.05, 0.02)
    ),
    *(
        Case("identity", "swapped_members", {"u": (N,), "dt": 0.2, "n": N, "steps": k}, note=f"{k}")
        for k in (0, 3)
    ),
)
COMPILED = ("swap_in_time_loop", "leapfrog", "swapped_sometimes")
