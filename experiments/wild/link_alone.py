#!/usr/bin/env python3
"""g++, for one source file of a code whose others are not there: what it misses is made up.

Functions and data that no library defines become zeros; a call of one ends the process. Nothing is optimised:
verification does not need it, and compiling is most of its time.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

COMPILER = ("g++", "-w")
# Kokkos, the standard library, and the program that loads the object
ELSEWHERE = re.compile(r"_Z(T[IVST])?(N[KVr]*)?(6Kokkos|S[tsaiod]|9__gnu_cxx|10__cxxabiv1|3kad)")


def main(arguments: list[str]) -> int:
    arguments = [*arguments, "-O0"]
    if "-shared" not in arguments:
        return _run([*arguments, "-no-pie", "-Wl,--unresolved-symbols=ignore-all"])
    (source,) = (a for a in arguments if a.endswith(".cpp"))
    made = Path(arguments[arguments.index("-o") + 1])
    compiled, stubs = made.with_suffix(".o"), made.with_suffix(".s")
    output = [*arguments]
    output[output.index("-o") + 1] = str(compiled)
    if (status := _run([a for a in output if a != "-shared"] + ["-c"])) != 0:
        return status
    linking = [str(compiled) if a == source else a for a in arguments]
    if (status := _run(linking)) != 0:
        return status
    missing = [s for s in _undefined(made) if s.startswith("_Z") and "@" not in s and not ELSEWHERE.match(s)]
    if not missing:
        return 0
    lines = [".bss", *(f".weak {s}\n{s}: .skip 64" for s in missing)]
    stubs.write_text("\n".join((*lines, '.section .note.GNU-stack,"",@progbits', "")))
    return _run([*linking, str(stubs)])


def _run(arguments: list[str]) -> int:
    return subprocess.run([*COMPILER, *arguments], check=False).returncode


def _undefined(path: Path) -> list[str]:
    command = ["nm", "-D", "--undefined-only", str(path)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split()[-1] for line in listed.splitlines() if line.split()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
