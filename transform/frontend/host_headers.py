"""The headers of a Kokkos built for a device, as they read where no device backend is enabled.

A kernel is read once, for every machine; libclang knows no nvcc or hipcc. What is read does not depend on the
backend: aliases such as ``Kokkos::DefaultExecutionSpace`` are kept by name.
"""

from __future__ import annotations

import re
from pathlib import Path

_DEVICES = "CUDA|HIP|SYCL|OPENMPTARGET|OPENACC"
_SETTING = re.compile(rf"^[ \t]*#[ \t]*define[ \t]+KOKKOS_(?:ENABLE|IMPL)_(?:{_DEVICES})\w*.*$", re.M)
_INCLUDE = re.compile(rf"^[ \t]*#[ \t]*include[ \t]+<\w+/Kokkos_\w+_(?:{_DEVICES})\.hpp>.*$", re.M | re.I)
_PATTERNS = {
    "KokkosCore_config.h": _SETTING,
    "KokkosCore_Config_DeclareBackend.hpp": _INCLUDE,
    "KokkosCore_Config_FwdBackend.hpp": _INCLUDE,
    "KokkosCore_Config_SetupBackend.hpp": _INCLUDE,
    "KokkosCore_Config_PostInclude.hpp": _INCLUDE,
}


def host_headers(include: Path) -> list[tuple[str, str]]:
    """The files in ``include`` that enable device backends, with texts that do not. Line numbers stay."""
    found = []
    for name, pattern in _PATTERNS.items():
        file = include / name
        text = file.read_text(errors="replace") if file.is_file() else ""
        if pattern.search(text):
            found.append((str(file), pattern.sub("", text)))
    return found
