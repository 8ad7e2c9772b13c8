"""A coloring built by many threads: valid, the same every time, few colors more than one thread needs."""

from __future__ import annotations

import subprocess

import pytest

from tests.compiled_support import compiled
from transform.emit import cpp

pytestmark = pytest.mark.kokkos

MAIN = """
#include <cstdio>
#include <random>
int main(int, char** arguments) {
  Kokkos::initialize();
  {
    const int width = 150, elements = 2 * width * width, block = std::atoi(arguments[1]);
    std::vector<int> order(elements);
    for (int e = 0; e < elements; ++e) order[e] = e;
    if (std::atoi(arguments[2])) std::shuffle(order.begin(), order.end(), std::mt19937(1));
    const auto visit = [&](int first, int last, const auto& touch) {  // triangles of a grid
      for (int e = first; e < last; ++e) {
        const int corner = order[e] / 2 / width * (width + 1) + order[e] / 2 % width;
        touch(std::size_t(corner + (order[e] % 2 ? width + 2 : 0)));
        touch(std::size_t(corner + 1));
        touch(std::size_t(corner + width + 1));
      }
    };
    std::vector<int> before;
    for (int times = 0; times < 3; ++times) {
      kad::Coloring<Kokkos::DefaultExecutionSpace> coloring;
      const std::size_t targets = (width + 1) * (width + 1);
      coloring.build({}, 0, elements, block, targets, visit);
      const auto blocks = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), coloring.blocks());
      std::vector<int> color(targets, -1), owner(targets, -1), all;
      for (int c = 0; c < coloring.colors(); ++c) {
        for (int k = coloring.first(c); k < coloring.last(c); ++k) {
          const int b = blocks(k);
          all.push_back(b);
          visit(b * block, std::min(elements, (b + 1) * block), [&](std::size_t t) {
            if (color[t] == c && owner[t] != b) std::printf("conflict ");
            color[t] = c;
            owner[t] = b;
          });
        }
      }
      if (times > 0 && all != before) std::printf("different ");
      before = all;
      std::sort(all.begin(), all.end());
      for (int b = 0; b < int(all.size()); ++b) if (all[b] != b) std::printf("missing ");
      std::printf("%d ", coloring.colors());
    }
  }
  Kokkos::finalize();
}
"""


def test_many_threads() -> None:
    parts = cpp.runtime("remember", "coloring")
    binary = compiled("#include <algorithm>\n" + parts + MAIN, "test_coloring_build")

    def colors(threads: int, block: int, shuffled: bool) -> int:
        """Nine threads and blocks of one iteration are enough for parts to be colored at once."""
        ran = subprocess.run(
            [str(binary), str(block), str(int(shuffled))],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
            env={"OMP_NUM_THREADS": str(threads), "OMP_PROC_BIND": "false"},
        )
        one, *others = ran.stdout.split()
        assert others == [one, one]
        return int(one)

    for block, shuffled in ((1, False), (1, True), (5, False), (300, True)):
        assert colors(9, block, shuffled) <= colors(1, block, shuffled) + 4
