"""A source tree that builds like Kokkos, in a second, and suffices for the builder's small program."""

from __future__ import annotations

import tarfile
from pathlib import Path

_CMAKE = """\
cmake_minimum_required(VERSION 3.16)
project(Kokkos CXX)
set(Kokkos_VERSION_MAJOR 4)
set(Kokkos_VERSION_MINOR 2)
set(Kokkos_VERSION_PATCH 01)
if(NOT Kokkos_ENABLE_OPENMP)
  message(FATAL_ERROR "no OpenMP asked for")
endif()
add_library(kokkoscore core/src/Kokkos_Core.cpp)
target_include_directories(kokkoscore PUBLIC core/src)
install(TARGETS kokkoscore)
install(DIRECTORY core/src/ DESTINATION include FILES_MATCHING PATTERN "*.h*")
"""

_CORE = """\
#pragma once
#include <vector>
#define KOKKOS_LAMBDA [=]
namespace Kokkos {
void initialize(int&, char*[]);
inline void finalize() {}
template <class T> struct View;
template <class T> struct View<T*> {
  View(const char*, int n) : data(new T[n]) {}
  T& operator()(int i) const { return data[i]; }
  T* data;
};
template <class F> void parallel_for(int n, F f) { for (int i = 0; i < n; ++i) f(i); }
template <class F> void parallel_reduce(int n, F f, double& s) { for (int i = 0; i < n; ++i) f(i, s); }
}
"""

_CONFIG = "#define KOKKOS_VERSION 40201\n#define KOKKOS_ENABLE_OPENMP\n#define KOKKOS_ENABLE_SERIAL\n"


def tree(root: Path, *, body: str = "") -> Path:
    """Write the tree below ``root``, which is returned; ``body`` goes into ``Kokkos::initialize``."""
    source = root / "core/src"
    source.mkdir(parents=True, exist_ok=True)
    (root / "cmake").mkdir(exist_ok=True)
    (root / "cmake/kokkos_arch.cmake").write_text("kokkos_arch_option(VEGA90A GPU)\n")
    (root / "CMakeLists.txt").write_text(_CMAKE)
    (source / "Kokkos_Core.hpp").write_text(_CORE)
    (source / "KokkosCore_config.h").write_text(_CONFIG)
    (source / "Kokkos_Core.cpp").write_text(
        '#include "Kokkos_Core.hpp"\n#include <cstdlib>\n'
        f"void Kokkos::initialize(int&, char*[]) {{ {body} }}\n"
    )
    return root


def tarball(root: Path, path: Path, *, below: str = "") -> Path:
    """Pack ``tree`` at ``root`` as a release does: one top directory, the tree ``below`` it."""
    with tarfile.open(path, "w:gz") as archive:
        archive.add(root, arcname=f"kokkos-4.2.01/{below}".rstrip("/"))
    return path
