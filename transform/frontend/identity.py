"""Which View a name stands for: assignments and swaps of Views, branches and loops around them.

A View variable is a handle. Where branches leave different Views in one, it becomes a ``Choice``, and the
first statement that mentions it is lowered, with all that follow, once for each. A loop that permutes its
Views carries a number for the permutation that is reached; its body is lowered once for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transform.frontend.clang import Cursor
from transform.frontend.cpptypes import is_reference, unreferenced
from transform.frontend.mentions import mentioned
from transform.frontend.places import variable_key
from transform.frontend.scope import (
    Binding,
    Choice,
    Env,
    Handle,
    Memory,
    NoView,
    Scope,
    Unset,
    Value,
    ViewName,
)
from transform.ir.nodes import Apply, Atom, Block, Const, Symbol
from transform.ir.types import BOOL, INT, View

_MOST_STATES = 8
_FIRST_NUMBER = 1_000_000  # keys that no declaration and no call has
State = tuple[tuple[int, Handle], ...]


# ---- assignments ----


def view_key(scope: Scope, cursor: Cursor) -> int | None:
    """The variable that an expression of a View type names."""
    name = variable_key(scope, cursor)
    known = scope.env.get(name) if name is not None else None
    return known.key if isinstance(known, ViewName) else name


def referenced(scope: Scope, declared: Cursor, init: Cursor) -> ViewName | None:
    """The View variable that ``declared`` is a reference to; ``None`` if it is a View of its own."""
    if not is_reference(declared.type):
        return None
    same = unreferenced(init.type).spelling.removeprefix("const ") == unreferenced(
        declared.type
    ).spelling.removeprefix("const ")
    name = view_key(scope, init) if same else None
    return ViewName(name) if name is not None and isinstance(scope.env.get(name), Handle) else None


def rebind(scope: Scope, to: Cursor, view: Handle, cursor: Cursor) -> None:
    """Let the variable ``to`` stand for ``view`` from now on."""
    name = view_key(scope, to)
    if name is None or not isinstance(scope.env.get(name), Memory | NoView | Unset):
        scope.refuse(cursor, "this View cannot be assigned", "assign to a View variable of the function")
    else:
        if name in scope.pinned:
            scope.moved.setdefault(name, cursor)
        scope.env[name] = view


def swap(scope: Scope, a: Cursor, b: Cursor, cursor: Cursor) -> None:
    """``std::swap(a, b)`` of two View variables."""
    first, second = (view_key(scope, c) for c in (a, b))
    views = [scope.env.get(n) for n in (first, second) if n is not None]
    if len(views) == 2 and isinstance(views[0], Memory) and isinstance(views[1], Memory):
        rebind(scope, a, views[1], cursor)
        rebind(scope, b, views[0], cursor)
    else:
        scope.refuse(cursor, "these Views cannot be swapped", "swap two View variables of the function")


# ---- branches ----


def resolved(scope: Scope, statements: list[Cursor], lower: Callable[[list[Cursor]], None]) -> bool:
    """Lower ``statements`` once for each View that a name in the first of them may stand for.

    False, and nothing is lowered, if it mentions no such name.
    """
    cond = next(
        (
            binding.cond
            for name in mentioned(scope, statements[:1])
            if isinstance(binding := scope.env.get(name), Choice)
        ),
        None,
    )
    if cond is None:
        return False

    def side(taken: bool) -> tuple[Block, Env]:
        def run() -> None:
            scope.env = {k: _given(b, cond, taken) for k, b in scope.env.items()}
            lower(statements)

        return scope.branch(run)

    scope.join(cond, side(True), side(False), statements[0])
    return True


def _given(binding: Binding, cond: Atom, taken: bool) -> Binding:
    if not isinstance(binding, Choice):
        return binding
    if binding.cond == cond:
        return _given(binding.then if taken else binding.orelse, cond, taken)
    then, orelse = (_given(b, cond, taken) for b in (binding.then, binding.orelse))
    assert isinstance(then, Handle) and isinstance(orelse, Handle)
    return then if then == orelse else Choice(binding.cond, then, orelse)


# ---- loops ----


class LoopViews:
    """The Views of a loop that permutes them: the states that its iterations start in."""

    def __init__(self, before: Env) -> None:
        self.before = before
        self.names = [k for k, b in before.items() if isinstance(b, Handle) and not _is_array(b)]
        self.known = {b for k in self.names for b in _leaves(before[k])}
        self.states = [self._state(before)]
        self.number = 0  # the variable that counts through the states; 0: there is none

    def lower(
        self,
        scope: Scope,
        body: Callable[[], None],
        before: Env,
        inner: dict[int, Symbol],
        cursor: Cursor,
    ) -> tuple[Block, Env]:
        """The body, and the variables after it.

        If there is more than one state, ``before`` and ``inner`` get its number: what it is before the loop,
        and at the start of an iteration."""
        block, after = scope.branch(body)
        if all(s == self.states[0] for s in self._ends(after)) or not self._explore(
            scope, body, after, cursor
        ):
            return block, {**after, **dict(self.states[0])}
        symbol = scope.fresh.symbol("order", INT)
        self.number = -_FIRST_NUMBER - symbol.id
        inner[self.number] = symbol
        before[self.number] = Value("order", INT, Const(0, INT))
        scope.env[self.number] = Value("order", INT, symbol)
        return scope.branch(lambda: self._dispatch(scope, body, self.number, cursor))

    def _explore(self, scope: Scope, body: Callable[[], None], after: Env, cursor: Cursor) -> bool:
        """Find every state; False after a finding. ``after``: the variables after the first iteration."""
        ends = self._ends(after)
        position = 0
        while True:
            self.states += [s for s in dict.fromkeys(ends) if s not in self.states]
            position += 1
            if len(self.states) > _MOST_STATES:
                hint = "let the Views of a loop return to their names after a few iterations"
                scope.refuse(cursor, "this loop permutes its Views in too many ways", hint)
                return False
            if position == len(self.states):
                return True
            state = self.states[position]
            _, end = scope.branch(lambda: self._run(scope, state, body))  # noqa: B023
            ends = self._ends(end)

    def _dispatch(self, scope: Scope, lower: Callable[[], None], which: int, cursor: Cursor) -> None:
        """Lower the body once for each state; the variable ``which`` is its number, before and after."""
        number = scope.env[which]
        assert isinstance(number, Value) and number.atom is not None

        def run(position: int) -> None:
            self._run(scope, self.states[position], lower)
            end = {k: scope.env[k] for k in self.names}
            scope.env[which] = replace(number, atom=self._number(scope, end, cursor))
            scope.env.update(dict(self.states[0]))

        def choose(position: int) -> None:
            if position == len(self.states) - 1:
                run(position)
                return
            cond = scope.apply("eq", (number.atom or Const(0, INT), Const(position, INT)), BOOL, "", cursor)
            then = scope.branch(lambda: run(position))
            orelse = scope.branch(lambda: choose(position + 1))
            scope.join(cond, then, orelse, cursor)

        choose(0)

    def leave(self, scope: Scope, cursor: Cursor) -> None:
        """Bind the View variables after the loop."""
        counted = scope.env.pop(self.number, None) if self.number else None
        if not isinstance(counted, Value) or counted.atom is None:
            return
        number = counted.atom
        conds = [
            scope.apply("eq", (number, Const(k, INT)), BOOL, "", cursor) for k in range(len(self.states) - 1)
        ]
        for name in self.names:
            options = [dict(s)[name] for s in self.states]
            binding = options[-1]
            for cond, option in zip(reversed(conds), reversed(options[:-1]), strict=True):
                binding = binding if option == binding else Choice(cond, option, binding)
            scope.env[name] = binding

    def _run(self, scope: Scope, state: State, lower: Callable[[], None]) -> None:
        scope.env.update(dict(state))
        lower()

    def _state(self, env: Env) -> State:
        return tuple((k, self._kept(env[k])) for k in self.names)

    def _kept(self, binding: Binding) -> Handle:
        """A View made inside the loop has no name that the next iteration knows."""
        assert isinstance(binding, Handle)
        if binding in self.known or isinstance(binding, Choice | NoView):
            return binding
        return NoView("it is made in an earlier iteration of a loop")

    def _ends(self, env: Env) -> list[State]:
        """The states after the body, one for each way through its branches."""
        cond = next((b.cond for k in self.names if isinstance(b := env[k], Choice)), None)
        if cond is None:
            return [self._state(env)]
        sides = ({k: _given(b, cond, taken) for k, b in env.items()} for taken in (True, False))
        return [s for side in sides for s in self._ends(side)]

    def _number(self, scope: Scope, env: Env, cursor: Cursor) -> Atom:
        cond = next((b.cond for k in self.names if isinstance(b := env[k], Choice)), None)
        if cond is None:
            return Const(self.states.index(self._state(env)), INT)
        then, orelse = (
            self._number(scope, {k: _given(b, cond, taken) for k, b in env.items()}, cursor)
            for taken in (True, False)
        )
        return then if then == orelse else scope.let(Apply("select", (cond, then, orelse)), INT, "", cursor)


def _leaves(binding: Binding) -> list[Handle]:
    if isinstance(binding, Choice):
        return [*_leaves(binding.then), *_leaves(binding.orelse)]
    assert isinstance(binding, Handle)
    return [binding]


def _is_array(binding: Handle) -> bool:
    return isinstance(binding, Memory) and not isinstance(binding.symbol.type, View)
