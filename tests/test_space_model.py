"""Search spaces list their legal plans; architectures are data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from search_spaces.model import Constraint, Parameter, SearchSpace, architectures, load_architecture
from transform.strategies.accumulate import STRATEGIES

ACCUMULATE = Parameter("accumulate.x", ("coloring", "atomic"))
BLOCK = Parameter("block", (64, 1), active_if=(("accumulate.x", ("coloring",)),))
RECALL = Parameter("intermediates", ("recompute", "store"))


def test_plans_are_conditional_ordered_and_start_with_the_default() -> None:
    space = SearchSpace((ACCUMULATE, BLOCK, RECALL))
    assert list(space.plans()) == [
        {"accumulate.x": "coloring", "block": 64, "intermediates": "recompute"},
        {"accumulate.x": "coloring", "block": 64, "intermediates": "store"},
        {"accumulate.x": "coloring", "block": 1, "intermediates": "recompute"},
        {"accumulate.x": "coloring", "block": 1, "intermediates": "store"},
        {"accumulate.x": "atomic", "intermediates": "recompute"},
        {"accumulate.x": "atomic", "intermediates": "store"},
    ]
    assert space.size == 6
    assert space.default == next(space.plans())


def test_any_of_several_conditions_suffices() -> None:
    other = Parameter("accumulate.y", ("coloring", "atomic"))
    block = Parameter(
        "block", (64,), active_if=(("accumulate.x", ("coloring",)), ("accumulate.y", ("coloring",)))
    )
    plans = list(SearchSpace((ACCUMULATE, other, block)).plans())
    assert [plan.get("block") for plan in plans] == [64, 64, 64, None]


def test_constraints_remove_combinations() -> None:
    together = Constraint(
        "storing needs no colors", lambda p: (p["accumulate.x"], p["intermediates"]) != ("coloring", "store")
    )
    space = SearchSpace((ACCUMULATE, BLOCK, RECALL), (together,))
    assert space.size == 4


def test_a_space_without_choices_has_one_plan() -> None:
    assert list(SearchSpace(()).plans()) == [{}]


def test_every_architecture_file_is_sound() -> None:
    known = architectures()
    assert {"host", "h100", "h200", "a100", "mi250x", "mi300a", "mi300x", "pvc"} <= known.keys()
    for arch in known.values():
        assert arch.title
        assert arch.backend in ("host", "cuda", "hip", "sycl")
        assert arch.compiler
        assert all(re.fullmatch(r"KOKKOS_ARCH_\w+", m) for m in arch.macro.split(",") if arch.macro)
        assert bool(arch.macro) == (arch.backend != "host")
        assert set(arch.knobs["accumulate"]) <= set(STRATEGIES)
        assert all(n == "share" or (isinstance(n, int) and n >= 1) for n in arch.knobs["coloring_block"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("title = 'x'\n", "backend"), ("title = \n", "Invalid value")],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "machine.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"machine\.toml: malformed architecture file: .*{complaint}"):
        load_architecture(path)
