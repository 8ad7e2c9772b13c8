"""Random C++ kernels through the whole compiler: every plan against the tangent, the tangent against finite
differences, and the compiled primal and gradients against the interpreter.
Without further words the same sources are tried everywhere, whatever the version of Hypothesis.
``KAD_FUZZ_SOURCES=2000`` lets Hypothesis try that many, ``KAD_FUZZ_SOURCES=2000:7`` others; a failing one
is shrunk to the smallest source with the same failure. ``KAD_FUZZ_COMPILED=FIRST:COUNT``: which are compiled.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.cases import Case
from tests.compiled_support import Call, expected, runs
from tests.gradient_support import spread
from tests.source_generator import PRELUDE
from tests.source_support import HEAD, attempt

pytestmark = pytest.mark.kokkos

NUMBERED = 300
SEARCHED, _, SEED = os.environ.get("KAD_FUZZ_SOURCES", "").partition(":")
FIRST, COMPILED = (int(n) for n in os.environ.get("KAD_FUZZ_COMPILED", "1000:16").split(":"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources") / "source.cpp"


def test_sources(file: Path) -> None:
    found: Counter[str] = Counter()
    if SEARCHED:
        _search(file, found)
    else:
        for number in range(NUMBERED):
            try:
                found[attempt(file, random.Random(number)).verdict] += 1
            except Exception as problem:
                problem.add_note(f"of source number {number}:\n{file.read_text()}")
                raise
    print(dict(found))
    assert found["right"] >= 0.6 * found.total(), found


def _search(file: Path, found: Counter[str]) -> None:
    @settings(
        max_examples=int(SEARCHED),
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @seed(int(SEED or 1))
    @given(st.randoms(use_true_random=False))
    def property_(chooser: random.Random) -> None:
        found[attempt(file, chooser).verdict] += 1

    property_()


def test_compiled_sources(file: Path, tmp_path: Path) -> None:
    """The compiler understands a source as the interpreter does: results of the primal and adjoints."""
    calls: list[Call] = []
    path = tmp_path / "sources.cpp"
    texts = ["#pragma GCC system_header", HEAD, PRELUDE]  # without warnings of the sources themselves
    for number in range(FIRST, FIRST + 10 * COMPILED):
        made = attempt(file, random.Random(number), name=f"f{number}")
        if made.oracle is None:
            continue
        case = Case(path.stem, f"f{number}", made.oracle.arguments, directory=path.parent)
        plan = spread(made.oracle.plans, 3)[number % min(3, len(made.oracle.plans))]
        calls.append(Call(f"c{number}", case, made.oracle, plan))
        texts.append(made.text)
        if len(calls) == COMPILED:
            break
    path.write_text("\n".join(texts))
    wanted = {call.key: expected(call) for call in calls}
    for computed in runs(calls, "test_sources"):
        for call in calls:
            what = f"{call.case.function} {dict(call.plan)}"
            np.testing.assert_allclose(computed[call.key], wanted[call.key], 1e-9, 1e-9, err_msg=what)
