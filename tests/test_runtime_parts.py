"""Each variant brings all of the runtime that its text names: it may be the only one in its header."""

from __future__ import annotations

import re

import pytest

from search_spaces.model import architectures
from tests.cases import cases
from tests.gradient_support import primal
from transform import pipeline


@pytest.mark.parametrize(
    "function", ["logistic_map", "columns", "ragged", "steps_of_steps", "scatter", "theta"]
)
def test_every_plan_has_what_it_names(function: str) -> None:
    case = next(c for c in cases() if c.function == function)
    adjoint = pipeline.differentiate(primal(case.path, case.function), case.wrt, case.of)
    for arch in ("host", "h100"):
        for plan in pipeline.search_space(adjoint, architectures()[arch]).plans():
            variant = pipeline.realise(adjoint, plan)
            runtime = variant.code().replace(variant.text.replace("@NAMESPACE@", "kad"), "")
            for name in set(re.findall(r"\bkad::(\w+)", variant.text)):
                defined = rf"\b(?:namespace|struct|class|using)\s+{name}\b|\b{name}\("
                assert re.search(defined, runtime), (name, dict(plan))
