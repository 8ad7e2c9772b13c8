// expect: 10:22 return inside a loop is not supported
// expect: 12:9 an exit from only a part of this branch is not supported
// expect: 16:9 a while loop is not supported
#include <Kokkos_Core.hpp>
double early_exits(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        for (int j = 0; j < n; ++j) {
          if (j > i) return;
        }
        if (i > 1) {
          if (x(i) > 2) return;
          s += 1;
        }
        while (s < 0) return;
      },
      r);
  return r;
}
