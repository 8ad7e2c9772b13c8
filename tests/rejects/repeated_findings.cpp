// expect: 5:3 goto is not supported
// expect: 6:1 a label is not supported
#include <Kokkos_Core.hpp>
KOKKOS_INLINE_FUNCTION double helper(double value) {
  goto done;
done:
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
