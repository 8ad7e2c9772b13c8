// expect: 10:9 switch is not supported
// expect: 18:25 break is not supported
// expect: 20:9 goto is not supported
// expect: 21:9 a label is not supported
#include <Kokkos_Core.hpp>
double jumps(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        switch (n) {
          case 1:
            s += 1;
            break;
          default:
            break;
        }
        for (int j = 0; j < n; ++j) {
          if (x(j) > 1) break;
        }
        goto done;
        done:
        s += 1;
      },
      r);
  return r;
}
