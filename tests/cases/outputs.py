"""Scalars of the caller that a function changes."""

from tests.cases import Case, N

_STATE = {"state_time": 0.3, "state_energy": 0.7, "state_step": 2, "state_u": (N,)}

CASES = (
    Case("outputs", "dot", {"x": (N,), "y": (N,), "result": 0.3}),
    Case("outputs", "dot_pointer", {"x": (N,), "a": 0.7, "pw": 0.3}),
    Case("outputs", "dot_pointer", {"x": (N,), "a": 0.7, "pw": 0.3}, wrt=("x",), of=("pw",), note="x"),
    Case("outputs", "updated", {"x": (N,), "s": 0.3, "a": 0.7}),
    Case("outputs", "updated", {"x": (N,), "s": 0.3, "a": 0.7}, wrt=("a",), note="a"),
    Case("outputs", "several", {"x": (N,), "first": 0.3, "second": 0.7, "count": 3, "unchanged": 0.5}),
    Case("outputs", "with_result", {"y": (N,), "s": 0.8, "a": 0.7}),
    Case("outputs", "with_result", {"y": (N,), "s": 0.8, "a": 0.7}, of=("s",), wrt=("y", "a"), note="s"),
    Case("outputs", "conditional", {"y": (N,), "s": 0.8, "steps": 4}),
    Case("outputs", "conditional", {"y": (N,), "s": 0.8, "steps": 0}, note="no steps"),
    Case("outputs", "reset", {"y": (N,), "s": 0.8}),
    Case("outputs", "in_object", {**_STATE, "dt": 0.2}),
    Case("outputs", "Simulation::advance", {"u": (N,), "rate": 0.8, "time": 0.3, "dt": 0.2}),
    Case("outputs", "through_helpers", {"y": (N,), "s": 0.8, "t": 0.6, "n": 3}),
    Case("outputs", "through_helpers", {"y": (N,), "s": 0.8, "t": 0.6, "n": 6}, note="six"),
    Case("outputs", "early_exit", {"y": (N,), "s": 0.8, "limit": 0.5}),
    Case("outputs", "early_exit", {"y": (N,), "s": 0.8, "limit": 50.0}, note="late"),
    Case(
        "outputs",
        "copied_state",
        {"state_time": 0.3, "state_energy": 0.2, "state_u": (N,), "other_energy": 0.4, "a": 0.7},
    ),
    Case("outputs", "Integrator::step", {"u": (N,), "t": 0.3, "h": 0.8, "rate": 0.7}),
    Case(
        "outputs",
        "integrate",
        {
            "integrator_u": (N,),
            "integrator_t": 0.3,
            "integrator_h": 0.8,
            "rate": 0.7,
            "steps": 3,
        },
    ),
)

COMPILED = ("several", "with_result", "Simulation::advance")
