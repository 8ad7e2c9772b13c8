"""What a launch calls in every iteration."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.frontend import fence, kokkos, lambdas
from transform.frontend.clang import Cursor, CursorKind, children, strip
from transform.frontend.classes import is_object
from transform.frontend.functors import call_operator
from transform.frontend.objects import binding_of
from transform.frontend.scope import THIS, Binding, Closure, Env, Scope, Value

_K = CursorKind
_FIXED = "iterations would race for it: sum with a parallel_reduce, or write to a View"


@dataclass(frozen=True)
class Body:
    """The function that a launch calls. ``env``: what holds in it only, e.g. captures by copy."""

    cursor: Cursor
    parameters: list[Cursor]
    statements: list[Cursor]
    env: dict[int, Binding]

    def enter(self, env: Env) -> Env:
        """The variables as the body sees them: those of the surroundings must not be assigned."""
        return {**{k: _shared(b) for k, b in env.items()}, **self.env}


def _shared(binding: Binding) -> Binding:
    return replace(binding, fixed=_FIXED) if isinstance(binding, Value) and not binding.fixed else binding


def body(
    scope: Scope, argument: Cursor, policy: Cursor, rank: int, results: list[Cursor], scan: bool = False
) -> Body | None:
    """What a launch (or ``scan``) over ``policy``, of ``rank`` indices, calls; ``None`` after a finding, or
    if an instance of a template is missing yet."""
    source = strip(argument)
    if lambdas.is_lambda(source):
        return _lambda(scope, source, policy)
    if not is_object(source.type):
        scope.refuse(argument, *fence.value_type(source))
        return None
    found = call_operator(scope, source, policy.type, rank, results, scan)
    functor = scope.object(scope, source, "functor", True)
    this = None if functor is None else binding_of(functor)
    if found is None or this is None:
        return None
    method, parameters = found
    statements = [c for c in children(method) if c.kind == _K.COMPOUND_STMT]
    return Body(argument, parameters, statements, {THIS: this})


def _lambda(scope: Scope, source: Cursor, policy: Cursor) -> Body | None:
    found: Closure | None
    if source.kind == _K.LAMBDA_EXPR:
        found = lambdas.closure(scope, source, immediate=True)
    else:
        found = lambdas.find(scope, source)
    if found is None:
        scope.refuse(source, *fence.UNKNOWN_LAMBDA)
        return None
    parts = children(found.cursor)
    first = 0 if kokkos.work_tag(policy.type) is None else 1
    parameters = [c for c in parts if c.kind == _K.PARM_DECL][first:]
    generic = [p for p in parameters if any(c.spelling == "auto" for c in p.get_children())]
    for parameter in generic:
        scope.instances.concrete(parameter, kokkos.index_type(policy.type))
    if generic:
        return None
    statements = [c for c in parts if c.kind == _K.COMPOUND_STMT]
    return Body(found.cursor, parameters, statements, dict(found.copied))
