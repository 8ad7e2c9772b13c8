"""Workloads: problem sizes and inputs of a kernel by parameter name, read from TOML and validated.

::

    [small]
    n = 1000
    x = { shape = [1000], fill = "uniform", low = 0.1, high = 1.0, seed = 7 }
    y = { file = "y.npy" }
"""

from __future__ import annotations

import hashlib
import math
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotune import fills
from autotune.fills import FILLS, FOR_INTEGERS, Option
from transform.diagnostics import UsageError
from transform.ir.types import Scalar, View
from transform.signature import Argument, Signature

Data = NDArray[Any]

DTYPES: Mapping[str, np.dtype[Any]] = {
    "double": np.dtype("<f8"),
    "float": np.dtype("<f4"),
    "int": np.dtype("<i4"),
    "unsigned int": np.dtype("<u4"),
    "long": np.dtype("<i8"),
    "unsigned long": np.dtype("<u8"),
    "long long": np.dtype("<i8"),
    "unsigned long long": np.dtype("<u8"),
    "short": np.dtype("<i2"),
    "unsigned short": np.dtype("<u2"),
    "signed char": np.dtype("i1"),
    "unsigned char": np.dtype("u1"),
    "char": np.dtype("i1"),
    "bool": np.dtype("?"),
}


@dataclass(frozen=True)
class Array:
    """An array by rule (``fill`` with ``options``) or by data (``file``); ``shape`` is always known."""

    shape: tuple[int, ...]
    fill: str = ""
    options: tuple[tuple[str, Option], ...] = ()
    file: Path | None = None
    seed: int = 0


Value = Array | bool | int | float


@dataclass(frozen=True)
class Workload:
    """Validated values for every parameter, in parameter order. ``source``: its file, if it has one."""

    name: str
    values: tuple[tuple[str, Value], ...]
    source: Path | None = None

    def __getitem__(self, parameter: str) -> Value:
        return dict(self.values)[parameter]


def load_workloads(file: Path, signature: Signature) -> tuple[Workload, ...]:
    """Every workload of a TOML file, in file order. Raises ``UsageError`` naming file, table and key."""
    try:
        tables = tomllib.loads(file.read_text())
    except OSError as reason:
        raise UsageError(f"{file}: cannot be read: {reason.strerror}") from reason
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise UsageError(f"{file}: not a TOML file: {reason}") from reason
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(
                f"{file}: {name}: values belong into a table that names the workload, e.g. [small]"
            )
    if not tables:
        raise UsageError(f"{file}: no workload; write a table such as [small]")
    return tuple(_Reader(file, name, signature).read(table) for name, table in tables.items())


def load_workload(reference: str, signature: Signature) -> Workload:
    """``FILE.toml`` (its first workload) or ``FILE.toml:NAME``. Raises ``UsageError``."""
    file, name = _split(reference)
    workloads = load_workloads(file, signature)
    if not name:
        return workloads[0]
    for workload in workloads:
        if workload.name == name:
            return workload
    raise UsageError(f"{file}: no workload {name!r}; it has {', '.join(w.name for w in workloads)}")


def _split(reference: str) -> tuple[Path, str]:
    if not Path(reference).exists() and ":" in reference:
        file, _, name = reference.rpartition(":")
        return Path(file), name
    return Path(reference), ""


def arrays(workload: Workload, signature: Signature) -> dict[str, Data]:
    """The data of every parameter in its C++ type; scalars have shape ``()``. Raises ``UsageError``."""
    return {a.name: _data(workload, a) for a in signature.arguments}


def _data(workload: Workload, argument: Argument) -> Data:
    value = workload[argument.name]
    dtype = dtype_of(argument)
    if not isinstance(value, Array):
        return np.array(value, dtype)
    if value.file is not None:
        return np.ascontiguousarray(_load_npy(value.file, dtype, _at(workload, argument.name)))
    random = np.random.default_rng([value.seed, zlib.crc32(argument.name.encode())])
    made = fills.make(value.fill, value.shape, dict(value.options), random)
    return np.ascontiguousarray(made, dtype)


def elements(workload: Workload, signature: Signature) -> int:
    """The size of a workload: the elements of all Views together, as ``View::size`` counts them."""
    total = 0
    for argument in signature.arguments:
        value = workload[argument.name]
        if isinstance(value, Array) and isinstance(argument.type, View):
            total += math.prod(value.shape[:-1] if argument.type.objects else value.shape)
    return total


def dtype_of(argument: Argument) -> np.dtype[Any]:
    """The numpy type of a parameter's elements."""
    scalar = argument.type.element if isinstance(argument.type, View) else argument.type
    return DTYPES[scalar.name]


def fingerprint(workload: Workload, signature: Signature) -> str:
    """Digest of everything that decides the data: rules, contents of files, parameter types."""
    digest = hashlib.sha256(to_toml(workload).encode())
    for argument in signature.arguments:
        digest.update(f"{argument.name} {argument.spelling} {dtype_of(argument)}\n".encode())
        value = workload[argument.name]
        if isinstance(value, Array) and value.file is not None:
            digest.update(hashlib.sha256(value.file.read_bytes()).digest())
    digest.update(np.__version__.encode())  # numpy may change its random streams between releases
    return digest.hexdigest()[:32]


def to_toml(workload: Workload) -> str:
    """The workload as one TOML table that ``load_workloads`` reads back."""
    width = max((len(name) for name, _ in workload.values), default=0)
    lines = [f"[{workload.name}]"]
    lines += [f"{name:<{width}} = {_toml(value)}" for name, value in workload.values]
    return "\n".join(lines) + "\n"


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, Array):
        return repr(value)
    if value.file is not None:
        return f'{{ file = "{value.file}" }}'
    fields = [] if FILLS[value.fill].shape else [f"shape = {list(value.shape)}"]
    fields.append(f'fill = "{value.fill}"')
    fields += [f"{name} = {_toml(option)}" for name, option in value.options]
    if value.seed:
        fields.append(f"seed = {value.seed}")
    return "{ " + ", ".join(fields) + " }"


def _at(workload: Workload, key: str) -> str:
    where = f"{workload.source}: " if workload.source else ""
    return f"{where}[{workload.name}] {key}"


def _load_npy(file: Path, dtype: np.dtype[Any], where: str) -> Data:
    try:
        data: Data = np.load(file, mmap_mode="r", allow_pickle=False)
    except OSError as reason:
        raise UsageError(f"{where}: cannot read {file}: {reason.strerror or reason}") from reason
    except ValueError as reason:
        raise UsageError(f"{where}: {file} is not an array file (.npy): {reason}") from reason
    if np.can_cast(data.dtype, dtype, "safe"):
        return data.astype(dtype, copy=False)
    if data.dtype.kind in "iu" and dtype.kind in "iu" and data.size:
        limits = np.iinfo(dtype)
        if limits.min <= int(data.min()) and int(data.max()) <= limits.max:
            return data.astype(dtype)
    raise UsageError(f"{where}: {file} holds {data.dtype}, which does not fit {dtype}")


class _Reader:
    """Reads one table; every error names file, table and key."""

    def __init__(self, file: Path, name: str, signature: Signature) -> None:
        self._file, self._name, self._signature = file, name, signature

    def _fail(self, key: str, message: str) -> UsageError:
        return UsageError(f"{self._file}: [{self._name}] {key}: {message}")

    def read(self, table: Mapping[str, object]) -> Workload:
        names = [a.name for a in self._signature.arguments]
        for key in table:
            if key not in names:
                raise self._fail(
                    key, f"{self._signature.name} has no parameter of this name; it has {', '.join(names)}"
                )
        values: list[tuple[str, Value]] = []
        for argument in self._signature.arguments:
            if argument.name not in table:
                raise self._fail(argument.name, f"missing; the parameter is a {argument.spelling}")
            value = table[argument.name]
            if isinstance(argument.type, View):
                values.append((argument.name, self._array(argument, argument.type, value)))
            else:
                values.append((argument.name, self._scalar(argument, argument.type, value)))
        return Workload(self._name, tuple(values), self._file)

    def _scalar(self, argument: Argument, scalar: Scalar, value: object) -> Value:
        if scalar.is_float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if scalar.name == "bool" and isinstance(value, bool):
            return value
        if scalar.is_integer and isinstance(value, int) and not isinstance(value, bool):
            limits = np.iinfo(DTYPES[scalar.name])
            if not limits.min <= value <= limits.max:
                raise self._fail(argument.name, f"{value} does not fit {scalar.name}")
            return value
        raise self._fail(argument.name, f"{value!r} is not a value of type {scalar.name}")

    def _array(self, argument: Argument, view: View, value: object) -> Array:
        if not isinstance(value, dict):
            raise self._fail(
                argument.name,
                f'the parameter is a {argument.spelling}: write {{ shape = [...], fill = "..." }}',
            )
        entry = (
            self._from_file(argument, value) if "file" in value else self._from_fill(argument, view, value)
        )
        if len(entry.shape) != view.rank:
            raise self._fail(
                argument.name, f"shape {list(entry.shape)} has rank {len(entry.shape)}, not {view.rank}"
            )
        for d, (given, static) in enumerate(zip(entry.shape, view.static_extents, strict=True)):
            if static is not None and given != static:
                raise self._fail(
                    argument.name, f"extent {d} is {given}, but {argument.spelling} fixes it to {static}"
                )
        return entry

    def _from_file(self, argument: Argument, value: Mapping[str, Any]) -> Array:
        for key in value:
            if key != "file":
                raise self._fail(argument.name, f"{key!r} makes no sense beside file")
        if not isinstance(value["file"], str):
            raise self._fail(argument.name, f"file = {value['file']!r} is not a path")
        path = (self._file.parent / value["file"]).absolute()
        data = _load_npy(path, dtype_of(argument), f"{self._file}: [{self._name}] {argument.name}")
        return Array(tuple(data.shape), file=path)

    def _from_fill(self, argument: Argument, view: View, value: Mapping[str, Any]) -> Array:
        options = {k: v for k, v in value.items() if k not in ("shape", "fill", "seed")}
        fill = value.get("fill")
        if fill is None:
            fill, options = self._default_fill(argument, view, options)
        if fill not in FILLS:
            raise self._fail(argument.name, f"fill = {fill!r} is not one of {', '.join(FILLS)}")
        shape = tuple(e for e in value.get("shape", ()) if isinstance(e, int))
        if (wrong := fills.problem(fill, options, shape)) is not None:
            raise self._fail(argument.name, wrong)
        if not view.element.is_float and fill not in FOR_INTEGERS:
            raise self._fail(
                argument.name, f'fill = "{fill}" makes no integers, and elements are {view.element.name}'
            )
        seed = value.get("seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            raise self._fail(argument.name, f"seed = {seed!r} is not an integer of at least 0")
        return Array(self._shape(argument, fill, options, value), fill, tuple(options.items()), seed=seed)

    def _default_fill(
        self, argument: Argument, view: View, options: dict[str, Option]
    ) -> tuple[str, dict[str, Option]]:
        """What f only writes starts at zero; other floating-point arrays are uniform in [0, 1)."""
        if argument.written and not argument.independent and not options:
            return "constant", {"value": 0}
        if view.element.is_float:
            return "uniform", options
        raise self._fail(argument.name, f"integers need a fill: one of {', '.join(sorted(FOR_INTEGERS))}")

    def _shape(
        self, argument: Argument, fill: str, options: Mapping[str, Option], value: Mapping[str, Any]
    ) -> tuple[int, ...]:
        own = FILLS[fill].shape
        given = value.get("shape")
        if own is not None:
            decided = own(options)
            if given is not None and tuple(given) != decided:
                raise self._fail(argument.name, f'shape = {given}, but fill = "{fill}" makes {list(decided)}')
            return decided
        if not isinstance(given, list) or not all(
            isinstance(e, int) and not isinstance(e, bool) and e > 0 for e in given
        ):
            raise self._fail(argument.name, f"shape = {given!r} is not a list of positive integers")
        return tuple(given)
