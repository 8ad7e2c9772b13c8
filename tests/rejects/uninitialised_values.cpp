// expect: 17:14 't' may be used uninitialised
// expect: 19:33 'u' may be used uninitialised
// expect: 21:9 'v' may be used uninitialised
// expect: 22:18 'sometimes' may end without returning a value
#include <Kokkos_Core.hpp>
KOKKOS_INLINE_FUNCTION double sometimes(double value) {
  if (value > 0) return value;
}

double uninitialised_values(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        double t;
        int k = 0;
        if (i > 2) k = 1;
        s += t;
        double u;
        for (; k < n; ++k) s += u;
        double v;
        v += 1;
        s += v + sometimes(x(i));
      },
      r);
  return r;
}
