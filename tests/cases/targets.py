"""Instances of templates, member functions."""

from tests.cases import Case, N

CASES = (
    Case("targets", "model::weighted<double>", {"x": (N,), "a": 0.7}),
    Case("targets", "weighted<float>", {"x": (N,), "a": 0.7}, floats=frozenset({"x"})),
    Case("targets", "repeated<2, Kokkos::View<double*>>", {"y": (N,), "x": (N,)}),
)

COMPILED = ("model::weighted<double>",)
