"""What a launch calls in every iteration."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.frontend import fence, lambdas
from transform.frontend.clang import Cursor, CursorKind, children, strip
from transform.frontend.scope import Binding, Closure, Env, Scope, Value

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


def is_callable(argument: Cursor) -> bool:
    """Whether an argument of a launch is what it calls."""
    return lambdas.is_lambda(strip(argument))


def body(scope: Scope, argument: Cursor) -> Body | None:
    """The lambda that an argument denotes; ``None`` after a finding."""
    source = strip(argument)
    found: Closure | None
    if source.kind == _K.LAMBDA_EXPR:
        found = lambdas.closure(scope, source, immediate=True)
    else:
        found = lambdas.find(scope, source)
    if found is None:
        scope.refuse(argument, *fence.UNKNOWN_LAMBDA)
        return None
    parts = children(found.cursor)
    return Body(
        found.cursor,
        [c for c in parts if c.kind == _K.PARM_DECL],
        [c for c in parts if c.kind == _K.COMPOUND_STMT],
        dict(found.copied),
    )
