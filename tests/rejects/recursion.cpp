// expect: 6:44 the recursive call of 'chebyshev' is not supported | write a loop
// expect: 6:66 the recursive call of 'chebyshev' is not supported | write a loop
// expect: 10:66 the recursive call of 'even' is not supported | write a loop
#include <Kokkos_Core.hpp>
KOKKOS_INLINE_FUNCTION double chebyshev(int n, double x) {
  return n == 0 ? 1 : n == 1 ? x : 2 * x * chebyshev(n - 1, x) - chebyshev(n - 2, x);
}
KOKKOS_INLINE_FUNCTION double odd(double x);
KOKKOS_INLINE_FUNCTION double even(double x) { return x < 1 ? 0 : odd(x - 1); }
KOKKOS_INLINE_FUNCTION double odd(double x) { return x < 1 ? x : even(x - 1); }
double recursion(Kokkos::View<double*> x, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += chebyshev(3, x(i));
        s += even(x(i));
      },
      r);
  return r;
}
