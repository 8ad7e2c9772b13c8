"""Clad and Enzyme: gradients of the plain loops as shared objects; what they say to the Kokkos kernels."""

from __future__ import annotations

import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.installation import Kokkos
from experiments.peers.loops import Loops, entry, threaded
from transform.ir.types import View
from transform.signature import Argument, Signature

OPTIMISED = ("-O3", "-march=native", "-std=c++17", "-fPIC")


class ToolFailed(Exception):
    """A tool did not make a gradient. Its message is the tool's first error."""


@dataclass(frozen=True)
class Tool(ABC):
    """``clang``: the compiler that the tool belongs to. ``path``: the plugin, or a program."""

    name: str
    clang: str
    path: Path

    def gradient(self, loops: Loops, signature: Signature, threads: bool, folder: Path) -> Path:
        """A shared object with the function ``entry``. Raises ``ToolFailed``."""
        source = folder / f"{self.name}_{loops.function(threads)}.cpp"
        declaration = entry(loops, signature, self.name)
        lines = ["#include <cmath>", *self.preamble(), loops.text]
        lines += [threaded(loops, signature), 'extern "C" int omp_get_max_threads();'] if threads else []
        lines += [f"{declaration} {{", *self.body(loops, signature, threads), "}", ""]
        source.write_text("\n".join(lines))
        made = source.with_suffix(".so")
        self.compile(source, made, ("-fopenmp",) if threads else ())
        return made

    @abstractmethod
    def preamble(self) -> Sequence[str]: ...

    @abstractmethod
    def body(self, loops: Loops, signature: Signature, threads: bool) -> Iterator[str]:
        """The statements of the function ``entry``."""

    @abstractmethod
    def on_function(self, signature: Signature) -> Sequence[str]:
        """A function that makes the tool differentiate a Kokkos kernel with respect to everything."""

    @abstractmethod
    def compile(self, source: Path, made: Path, flags: Sequence[str]) -> None: ...

    def on_kokkos(self, kernel: Path, signature: Signature, kokkos: Kokkos, folder: Path) -> str:
        """What the tool says to a Kokkos kernel: its first error, or "no error"."""
        source = folder / f"{self.name}_{kernel.stem}_kokkos.cpp"
        lines = [f'#include "{kernel}"', *self.preamble(), *self.on_function(signature), ""]
        source.write_text("\n".join(lines))
        openmp = ("-fopenmp",) if "openmp" in kokkos.backends else ()
        try:
            self.compile(source, source.with_suffix(".so"), ("-isystem", str(kokkos.include), *openmp))
        except ToolFailed as failed:
            return str(failed)
        return "no error"


@dataclass(frozen=True)
class Enzyme(Tool):
    """``path``: Enzyme's plugin for ``clang`` (``ClangEnzyme-*.so``), or a program that runs Enzyme over LLVM
    IR as PennyLane's ``catalyst`` does."""

    def preamble(self) -> Sequence[str]:
        return (
            "extern int enzyme_const, enzyme_dup, enzyme_out;",
            'extern "C" void __enzyme_autodiff_void(void*, ...);',
            'extern "C" double __enzyme_autodiff_double(void*, ...);',
        )

    def body(self, loops: Loops, signature: Signature, threads: bool) -> Iterator[str]:
        scalars = [a for a in signature.arguments if a.has_adjoint and not isinstance(a.type, View)]
        given = []
        for a in signature.arguments:
            if a in scalars:
                given.append(f"enzyme_out, {a.name}")
            elif a.has_adjoint:
                given.append(f"enzyme_dup, {a.name}, {a.name}_b")
            else:
                given.append(f"enzyme_const, {a.name}")
        given += [f"enzyme_const, {e}" for e in loops.extents]
        if threads:
            yield "  const int parts = omp_get_max_threads();"
            yield "  double partial[256] = {}, partial_b[256] = {};"
            given += ["enzyme_const, count", "enzyme_dup, partial, partial_b", "enzyme_const, parts"]
        else:
            given += ["enzyme_const, 0", "enzyme_const, count"]
        call = f"__enzyme_autodiff_{'double' if scalars else 'void'}((void*){loops.function(threads)}, "
        call += f"{', '.join(given)})"
        yield f"  *{scalars[0].name}_b += {call};" if scalars else f"  {call};"

    def on_function(self, signature: Signature) -> Sequence[str]:
        given = [(a.spelling, a.name) for a in signature.arguments]
        plain = ", ".join(f"const {t}* {n}" for t, n in given)
        both = ", ".join(f"{t}* {n}, {t}* {n}_b" for t, n in given)
        dup = "".join(f", enzyme_dup, {n}, {n}_b" for _, n in given)
        returns = "void" if signature.returns is None else signature.returns.name
        return (
            f"static {returns} called({plain}) {{ return {signature.call(lambda a: f'*{a.name}')}; }}",
            f"void differentiated({both}) {{ __enzyme_autodiff_void((void*)called{dup}); }}",
        )

    def compile(self, source: Path, made: Path, flags: Sequence[str]) -> None:
        if self.path.suffix == ".so":
            plugin = f"-fplugin={self.path}"
            _run([self.clang, *OPTIMISED, *flags, plugin, "-shared", str(source), "-o", str(made)])
            return
        # Enzyme wants code before vectorization; what it made is optimised as any other code
        plain, folder = source.with_suffix(".ll"), source.with_suffix(".enzyme")
        early = [*OPTIMISED, "-O2", "-fno-vectorize", "-fno-slp-vectorize", "-fno-unroll-loops"]
        _run([self.clang, *early, *flags, "-emit-llvm", "-S", str(source), "-o", str(plain)])
        folder.mkdir(exist_ok=True)
        command = [str(self.path), "--tool=llc", "--keep-intermediate", f"--workspace={folder}"]
        _run([*command, str(plain), "-o", str(folder / "unused.o")])
        after = max(folder.glob("*AfterEnzyme*.ll"), default=None)
        if after is None:
            raise ToolFailed(f"{self.path.name} did not run Enzyme")
        after.write_text(older(after.read_text()))
        _run([self.clang, *OPTIMISED, *flags, "-shared", str(after), "-o", str(made)])


def older(text: str) -> str:
    """LLVM IR of version 22 as clang 19 reads it: without hints and markers that only the newer one knows."""
    text = text.replace("captures(none)", "nocapture").replace("nocreateundeforpoison ", "")
    text = re.sub(r"memory\([^()]*(errnomem|target_mem)[^()]*\) ?", "", text)
    text = re.sub(r" captures\([^()]*\)| initializes\(\([^()]*\)\)| samesign", "", text)
    return "".join(line for line in text.splitlines(True) if "@llvm.lifetime." not in line)


@dataclass(frozen=True)
class Clad(Tool):
    """``path``: Clad's plugin for ``clang`` (``clad.so``); ``include``: the folder of ``clad/``."""

    include: Path = Path()

    def preamble(self) -> Sequence[str]:
        return ('#include "clad/Differentiator/Differentiator.h"',)

    def body(self, loops: Loops, signature: Signature, threads: bool) -> Iterator[str]:
        active: list[Argument] = [a for a in signature.arguments if a.has_adjoint]
        given = [a.name for a in signature.arguments] + list(loops.extents)
        names = ", ".join(a.name for a in active)
        if threads:
            yield "  const int parts = omp_get_max_threads();"
            yield "  double partial[256] = {}, partial_b[256] = {};"
            given, names = [*given, "count", "partial", "parts"], f"{names}, partial"
        else:
            given += ["0", "count"]
        given += [f"{a.name}_b" for a in active] + (["partial_b"] if threads else [])
        yield f'  auto gradient = clad::gradient({loops.function(threads)}, "{names}");'
        yield f"  gradient.execute({', '.join(given)});"

    def on_function(self, signature: Signature) -> Sequence[str]:
        made = f"static auto gradient = clad::gradient({signature.qualified});"
        return ("void* differentiated() {", f"  {made}", "  return &gradient;", "}")

    def compile(self, source: Path, made: Path, flags: Sequence[str]) -> None:
        plugin = [f"-fplugin={self.path}", "-isystem", str(self.include)]
        _run([self.clang, *OPTIMISED, *flags, *plugin, "-shared", str(source), "-o", str(made)])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        said = (done.stderr + done.stdout).splitlines()
        first = next((x for x in said if re.search(r"\berror:|Assertion|Unreachable|UNREACHABLE", x)), "")
        # Enzyme prints the function it was given between the two
        reason = next((f" {x}" for x in said if x.startswith("cannot ")), "")
        first = first.partition("; Function Attrs")[0]
        raise ToolFailed(first + reason or next(iter(said), f"exit status {done.returncode}"))
