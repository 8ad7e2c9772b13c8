"""What compilers say about device kernels, read from their output."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune.resources import Resources, namespace_of, occupancy, parse_report
from search_spaces.model import architectures
from transform.frontend.clang import ParseOptions
from transform.pipeline import parse

_NAME = "_ZN6Kokkos4Impl11ParallelForIZN7kad_v126energy_gradERKNS_4ViewIPdJEEEEUliE_EEEvT_"
_PTXAS = f"""
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '{_NAME}' for 'sm_90'
ptxas info    : Function properties for _ZN5other
    8 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Function properties for {_NAME}
    40 bytes stack frame, 24 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 74 registers, used 1 barriers, 40 bytes cumulative stack size, 1024 bytes smem
ptxas info    : Compile time = 11.340 ms
ptxas info    : Compiling entry function '_Z4fill' for 'sm_90'
ptxas info    : Function properties for _Z4fill
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, used 0 barriers
"""
_AMDGPU = "".join(
    f"/k/Kokkos_HIP_KernelLaunch.hpp:75:1: remark: {line} [-Rpass-analysis=kernel-resource-usage]\n"
    for line in (
        f"Function Name: {_NAME}",
        "    SGPRs: 14",
        "    VGPRs: 100",
        "    AGPRs: 6",
        "    ScratchSize [bytes/lane]: 32",
        "    Occupancy [waves/SIMD]: 4",
        "    SGPRs Spill: 0",
        "    VGPRs Spill: 3",
        "    LDS Size [bytes/block]: 256",
    )
)


def test_ptxas() -> None:
    first, second = parse_report(architectures()["h100"], _PTXAS)
    # 74 registers take 2560 of 65536 for each warp: 25 of 64 warps
    assert first == Resources(_NAME, 74, 40, 40, 1024, 25 / 64)
    assert second == Resources("_Z4fill", 10, 0, 0, 0, 1.0)


def test_amdgpu() -> None:
    (kernel,) = parse_report(architectures()["mi250x"], _AMDGPU)
    assert kernel == Resources(_NAME, 106, 12, 32, 256, 0.5)


def test_hosts_report_nothing() -> None:
    assert parse_report(architectures()["host"], _PTXAS) == ()


@pytest.mark.parametrize(("registers", "part"), [(1, 1.0), (32, 1.0), (33, 51 / 64), (255, 8 / 64)])
def test_occupancy(registers: int, part: float) -> None:
    device = architectures()["h100"].device
    assert device is not None
    assert occupancy(device, registers) == part


def test_the_variant_of_a_kernel() -> None:
    assert namespace_of(_NAME, "kad_v") == "kad_v12"
    assert namespace_of("_ZN3kad10add_copiesE", "kad_v") is None


def test_kernels_are_read_with_the_headers_of_a_device_kokkos(tmp_path: Path) -> None:
    """As installed for CUDA: libclang has neither nvcc nor the toolkit's headers."""
    include = tmp_path / "include"
    (include / "setup").mkdir(parents=True)
    (include / "setup/Kokkos_Setup_Cuda.hpp").write_text("#include <cuda_runtime.h>\n#error no nvcc\n")
    (include / "KokkosCore_config.h").write_text(
        "#define KOKKOS_ENABLE_SERIAL\n#define KOKKOS_ENABLE_CUDA\n#define KOKKOS_ENABLE_CUDA_LAMBDA // x\n"
    )
    (include / "KokkosCore_Config_SetupBackend.hpp").write_text("#include <setup/Kokkos_Setup_Cuda.hpp>\n")
    (include / "Kokkos_Core.hpp").write_text(
        "#include <KokkosCore_config.h>\n#include <KokkosCore_Config_SetupBackend.hpp>\n"
        "#if defined(KOKKOS_ENABLE_CUDA) || !defined(KOKKOS_ENABLE_SERIAL)\n#error a device\n#endif\n"
    )
    kernel = tmp_path / "square.cpp"
    kernel.write_text("#include <Kokkos_Core.hpp>\ndouble square(double x) { return x * x; }\n")
    assert parse(kernel, ParseOptions(kokkos_include=include), "square").name == "square"
