"""Function objects of class type as kernels."""

from tests.cases import Case, N

CASES = (
    Case("functors", "named_functor", {"y": (N,), "x": (N,), "a": 0.7}),
    Case("functors", "changed_functor", {"y": (N,), "x": (N,), "a": 0.7}),
    Case("functors", "made_in_launch", {"x": (N,), "p": 1.7}),
    Case("functors", "tags", {"u": (N,), "c": 0.7, "strided": True}),
    Case("functors", "tags", {"u": (N,), "c": 0.7, "strided": False}, note="one"),
    Case("functors", "template_functors", {"u": (N, 5), "flux": (N, 5), "dt": 0.2, "gamma": 1.6}),
    Case("functors", "two_operators", {"x": (N,), "y": (N,), "a": 0.7}),
    Case("functors", "functor_time_loop", {"v": (N,), "dt": 0.3, "steps": 3}),
    Case("functors", "functor_time_loop", {"v": (N,), "dt": 0.3, "steps": 0}, note="no steps"),
    Case("functors", "team_functor", {"a": (N, 5), "y": (N,)}),
    Case("functors", "copies_of_functors", {"v": (N,), "a": 0.7, "steps": 3}),
    Case("functors", "copies_of_functors", {"v": (N,), "a": 0.7, "steps": 0}, note="no steps"),
    Case("functors", "called_functors", {"x": (N,), "v": (N,), "a": 0.7}),
)

COMPILED = ("tags", "template_functors")
