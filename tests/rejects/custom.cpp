// expect: 13:10 the function body_less has no body here
// expect: 19:10 the function body_less has no body here
// expect: 20:10 the derivative 'kad_wrong_adjoint' of 'wrong' has not the parameters that it must have
// expect: 21:10 'of_array' has a derivative of its own and takes more than numbers
#include <Kokkos_Core.hpp>
double body_less(double x);
double wrong(double x, int n);
KOKKOS_INLINE_FUNCTION void kad_wrong_adjoint(double x, int n, double seed, double x_b) {}
double of_array(const double* x);
KOKKOS_INLINE_FUNCTION double kad_of_array_tangent(const double* x, const double* x_d) { return x_d[0]; }
KOKKOS_INLINE_FUNCTION double noisy(double x) { return x; }
KOKKOS_INLINE_FUNCTION void kad_noisy_adjoint(double x, double seed, double& x_b) {
  x_b += body_less(x);
}
double custom(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    double local[2] = {x(i), 1};
    s += body_less(x(i));
    s += wrong(x(i), 3);
    s += of_array(local);
    s += noisy(x(i));
  }, r);
  return r;
}
