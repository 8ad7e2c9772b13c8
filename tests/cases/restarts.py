"""Loops of many iterations inside kernels, and local arrays that such loops overwrite."""

from tests.cases import Case, N

TRIPS = [2, 0, 5, 1, 4, 3]

CASES = (
    Case("restarts", "logistic_map", {"x": (N,), "n": N, "m": 70}),
    Case("restarts", "logistic_map", {"x": (N,), "n": N, "m": 1}, note="one"),
    Case("restarts", "logistic_map", {"x": (N,), "n": N, "m": 0}, note="none"),
    Case("restarts", "logistic_map", {"x": (N,), "n": N, "m": 26}, note="slots"),
    Case("restarts", "descending_by_three", {"x": (N,), "n": N, "m": 40}),
    Case("restarts", "descending_by_three", {"x": (N,), "n": N, "m": 0}, note="none"),
    Case("restarts", "constant_but_long", {"x": (1,), "n": 1}),
    Case("restarts", "state_array", {"x": (N,), "n": N, "m": 60}),
    Case("restarts", "state_array", {"x": (N,), "n": N, "m": 0}, note="none"),
    Case("restarts", "runge_kutta", {"x": (N,), "n": N, "m": 33}),
    Case("restarts", "array_in_while", {"x": (N,), "m": TRIPS, "n": N}),
    Case("restarts", "array_read_in_inner_loop", {"x": (N,), "n": N, "m": 30}),
    Case("restarts", "array_in_branch", {"x": (N,), "m": TRIPS, "n": N}),
    Case("restarts", "nested_long_loops", {"x": (N,), "n": N, "m": 12}),
    Case("restarts", "integer_state", {"x": (N,), "n": N, "m": 35}),
    Case("restarts", "time_steps_in_kernel", {"u": (N,), "f": (N,), "dt": 0.02, "n": N, "m": 50}),
    Case("restarts", "columns", {"t": (4, 3), "rate": (4, 3, 9)}),
    Case("restarts", "columns", {"t": (4, 3), "rate": (4, 3, 1)}, note="none"),
    Case("restarts", "early_exit", {"x": (N,), "n": N, "most": 6}),
    Case("restarts", "early_exit", {"x": (N,), "n": N, "most": 0}, note="none"),
    Case("restarts", "steps_of_steps", {"u": (N,), "n": N, "steps": 3}),
    Case("restarts", "triangle", {"x": (N,), "n": N, "m": 11}),
    Case("restarts", "ragged", {"x": (N,), "m": TRIPS, "n": N}),
)
COMPILED = (
    "logistic_map",
    "runge_kutta",
    "array_in_while",
    "nested_long_loops",
    "state_array",
    "columns",
    "early_exit",
    "steps_of_steps",
    "triangle",
    "ragged",
)
