"""Nasty but right programs with Views that change what they stand for."""

from tests.cases import Case, N

CASES = (
    Case("handles", "captured_before_swap", {"u": (N,), "v": (N,), "n": N}),
    Case("handles", "part_of_old_index", {"a": (5, N), "y": (N,), "n": N}),
    Case("handles", "part_of_a_swapped_view", {"u": (N,), "v": (N,), "n": N}),
    Case("handles", "swapped_by_value", {"u": (N,), "v": (N,), "n": N}),
    *(
        Case(
            "handles",
            "swap_and_leave",
            {"u": (N,), "v": (N,), "n": N, "steps": steps, "limit": limit},
            note=f"{steps} {limit}",
        )
        for steps, limit in ((0, 1.0), (3, 2.5), (8, 4.0), (8, 1e9), (8, 0.0))
    ),
    Case("handles", "host_branches", {"x": (N,), "y": (N,), "n": N}),
    Case("handles", "resized_in_loop", {"x": (N,), "n": N, "steps": 3}),
    Case("handles", "filled_parts", {"a": (4, 4), "c": 0.7, "n": 4, "steps": 3}),
    *(
        Case("handles", "three_ways", {"u": (N,), "v": (N,), "w": (N,), "n": N, "mode": k}, note=f"{k}")
        for k in range(4)
    ),
)
COMPILED = ("captured_before_swap", "swap_and_leave", "host_branches")
