// expect: 14:9 this form of switch is not supported
// expect: 19:9 goto is not supported
// expect: 20:9 a label is not supported
#include <Kokkos_Core.hpp>
double jumps(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        switch (m(i)) {
          case 1:
            s += 1;
          default: break;
        }
        switch (n) {
          s += 1;
          case 1:
            break;
        }
        goto done;
        done:
        s += 1;
      },
      r);
  return r;
}
