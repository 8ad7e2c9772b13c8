"""The compiler's public functions, in the order in which they are called.

    parse  ->  differentiate  ->  search_space  ->  realise  ->  header text
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from search_spaces.model import Architecture, Plan, SearchSpace
from transform.adjoint.reverse import Adjoint
from transform.frontend.clang import ParseOptions
from transform.ir.nodes import Program
from transform.signature import Signature


@dataclass(frozen=True)
class Variant:
    """One closed gradient: every question answered by ``plan``."""

    plan: Plan
    deterministic: bool
    sections: object

    def code(self, namespace: str = "kad") -> str: ...


def parse(path: Path, options: ParseOptions, function: str | None = None) -> Program: ...
def differentiate(program: Program, wrt: tuple[str, ...] | None = None, of: tuple[str, ...] | None = None) -> Adjoint: ...
def signature(adjoint: Adjoint) -> Signature: ...
def search_space(adjoint: Adjoint, arch: Architecture) -> SearchSpace: ...
def realise(adjoint: Adjoint, plan: Plan) -> Variant: ...
def gradient_header(adjoint: Adjoint, winners: Mapping[str, Variant], fallback: Variant) -> str: ...
def tangent_header(adjoint: Adjoint, namespace: str = "kad") -> str: ...
