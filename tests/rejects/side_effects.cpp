// expect: 17:24 an increment inside an expression is not supported here
// expect: 18:15 an assignment inside an expression is not supported here
// expect: 18:25 an assignment inside an expression is not supported here
// expect: 19:14 'twice' has side effects and is called inside an expression
#include <Kokkos_Core.hpp>
KOKKOS_INLINE_FUNCTION double twice(double& value) {
  value *= 2;
  return value;
}

double side_effects(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        int k = 0;
        double t = 0, u = 0;
        s += u + k * x(k++);
        s += (t = 2) + (t += 1);
        s += twice(t) + t;
        twice(t);
        s += t;
      },
      r);
  return r;
}
