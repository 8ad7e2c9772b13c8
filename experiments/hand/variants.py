"""The gradients that are compared: the tuned variant of a kernel, adjoints by hand as the harness wants."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from experiments.hand.cases import FOLDER, Case
from search_spaces.model import Plan
from transform.diagnostics import UsageError
from transform.signature import Signature

CORPUS = FOLDER.parent / "kernels"


def named_plan(plans: object, wanted: str) -> Plan:
    """The first legal plan with the given answers."""
    answers = dict(item.split("=", 1) for item in wanted.split(","))
    assert hasattr(plans, "__iter__")
    for plan in plans:
        given = {
            k: next((v for n, v in answers.items() if k == n or k.startswith(f"{n}.")), None) for k in plan
        }
        if all(value is None or str(plan[k]) == value for k, value in given.items()):
            return dict(plan)
    raise UsageError(f"no legal variant has {wanted}")


def tuned_plan(case: Case, workload: str, trials: int, kokkos_root: Path | None) -> Plan:
    """The winner of ``kad-tune tune``."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "autotune.cli", "tune", str(CORPUS / f"{case.kernel}.cpp")]
        command += ["--arch", "host", "--workload", f"{CORPUS / case.kernel}.toml:{workload}", "--seed", "1"]
        command += ["--trials", str(trials), "--executor", "local", "--out", directory]
        command += ["--wrt", ",".join(case.wrt)] if case.wrt else []
        command += ["--kokkos-root", str(kokkos_root)] if kokkos_root else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (config,) = Path(directory).glob("*.kad.json")
        (entry,) = json.loads(config.read_text())["entries"]
        plan: Plan = entry["knobs"]
        return plan


def promised(code: str) -> str:
    """The gradient with the caller's promise that index arrays stay as they are, as experts assume too."""
    return code.replace("bool indices_are_static_ = false;", "bool indices_are_static_ = true;")


def by_hand(header: Path, signature: Signature) -> str:
    """The text of an adjoint by hand as the harness calls it: in a namespace, with a workspace or without."""
    name, returns = signature.name, "void" if signature.returns is None else signature.returns.name
    return f"""#include "hand.hpp"
namespace kad_{header.stem} {{
{header.read_text()}
template <class First, class... Rest>
std::enable_if_t<!std::is_same_v<std::decay_t<First>, {name}_workspace>, {returns}> {name}_grad(
    First&& first, Rest&&... rest) {{
  {name}_workspace workspace;
  return {name}_grad(workspace, std::forward<First>(first), std::forward<Rest>(rest)...);
}}
}}  // namespace kad_{header.stem}
"""
