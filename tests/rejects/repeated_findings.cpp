// expect: 4:3 a while loop is not supported
#include <Kokkos_Core.hpp>
KOKKOS_INLINE_FUNCTION double helper(double value) {
  while (value < 1) value *= 2;
  return value;
}

double repeated_findings(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += helper(x(i)) + helper(2.0);
        s += helper(3.0) ;
      },
      r);
  return r;
}
