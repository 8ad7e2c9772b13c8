// expect: 12:14 the function equation_of_state has no body here | give it a custom derivative
// expect: 12:37 the function viscosity_ has no body here | give it a custom derivative
// expect: 15:14 the function equation_of_state has no body here | give it a custom derivative
#include <Kokkos_Core.hpp>
double equation_of_state(double density);
extern "C" double viscosity_(const double* t);
double bodyless_functions(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        const double t = x(i);
        s += equation_of_state(t) + viscosity_(&t);
      },
      r);
  return r + equation_of_state(r);
}
