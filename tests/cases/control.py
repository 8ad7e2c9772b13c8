"""Loops with exits, jumps and switch, on the host too."""

from tests.cases import Case, N

TRIPS = [2, 0, 5, 1, 4, 3]

CASES = (
    Case("control", "newton", {"x": (N,), "n": N}),
    Case("control", "while_counter", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "do_loop", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "break_in_for", {"x": (N,), "w": (N,), "n": N, "m": N}),
    Case("control", "break_in_for", {"x": (N,), "w": (N,), "n": N, "m": 0}, note="no trips"),
    Case("control", "break_constant_bounds", {"x": (N,), "n": N}),
    Case("control", "break_descending", {"x": (N,), "n": N, "m": N}),
    Case("control", "break_descending", {"x": (N,), "n": N, "m": 0}, note="no trips"),
    Case("control", "break_strided", {"x": (N,), "n": N, "m": N}),
    Case("control", "break_strided", {"x": (N,), "n": N, "m": 1}, note="no trips"),
    Case("control", "break_and_continue", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "break_outer_index", {"x": (N,), "n": N, "m": N}),
    Case("control", "break_outer_index", {"x": (N,), "n": N, "m": 0}, note="no trips"),
    Case("control", "return_from_loop", {"x": (N,), "y": (N,), "n": N}),
    Case("control", "return_from_nested_loops", {"x": (N,), "y": (N,), "n": N}),
    Case("control", "return_from_kernel", {"x": (N,), "n": N}),
    Case("control", "endless_with_return", {"x": (N,), "n": N}),
    Case("control", "partial_exit", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "general_for", {"x": (N,), "n": N, "m": N}),
    Case("control", "bound_changes", {"x": (N,), "n": N, "m": N}),
    Case("control", "nested_while", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "zero_trips_while", {"x": (N,), "n": N, "none": 0}),
    Case("control", "writes_until", {"x": (N,), "y": (N,), "m": TRIPS, "n": N}),
    Case("control", "switch_cases", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "switch_in_loop", {"x": (N,), "n": N}),
    Case("control", "range_for", {"x": (N,), "n": N}),
    Case("control", "assigned_on_the_way", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "effects", {"x": (N,), "m": TRIPS, "n": N}),
    Case("control", "host_return", {"x": (N,), "a": 0.3, "n": N}),
    Case("control", "host_return", {"x": (N,), "a": 0.01, "n": 2}, note="end"),
    Case("control", "convergence", {"v": (N,), "x": (N,), "tolerance": 1e-2, "n": N}),
    Case("control", "convergence", {"v": (N,), "x": (N,), "tolerance": 2.0, "n": N}, note="no steps"),
    Case("control", "relaxation", {"u": (N,), "f": (N,), "tolerance": 1e-2, "n": N, "most": 20}),
    Case("control", "relaxation", {"u": (N,), "f": (N,), "tolerance": 0.0, "n": N, "most": 3}, note="most"),
    Case("control", "nested_convergence", {"u": (N,), "f": (N,), "a": 0.7, "n": N, "steps": 3}),
)
COMPILED = ("newton", "return_from_nested_loops", "effects", "nested_convergence")
