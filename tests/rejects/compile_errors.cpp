// expect: 7:55 use of undeclared identifier 'y' | make the file compile first
// expect: 8:14 use of undeclared identifier 'missing' | make the file compile first
#include <Kokkos_Core.hpp>
double compile_errors(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) { s += y(i); }, r);
  return r + missing;
}
