// expect: 16:14 the global variable 'mutable_scalar' is not a constant
// expect: 17:14 the global array 'mutable_array' is not a constant
// expect: 18:14 the global variable 'runtime_constant' is not a constant
// expect: 19:14 a value of type 'long double' is not supported
#include <Kokkos_Core.hpp>
double mutable_scalar = 2;
double mutable_array[3] = {1, 2, 3};
double compute();
const double runtime_constant = compute();
constexpr long double limit = 1;

double globals(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += mutable_scalar;
        s += mutable_array[i];
        s += runtime_constant;
        s += limit;
      },
      r);
  return r;
}
