// expect: 13:79 the recursive call of 'recursive' is not supported
// expect: 15:66 the accumulator of a parallel_reduce is read
// expect: 21:14 the function external has no body here
// expect: 24:14 the function printf is not supported
// expect: 25:31 the function that this points to is not known here
#include <Kokkos_Core.hpp>
#include <cstdio>
struct Pair {
  double value;
};
double external(double);
KOKKOS_INLINE_FUNCTION double plain(double value) { return value; }
KOKKOS_INLINE_FUNCTION double recursive(double value, int n) { return n > 0 ? recursive(value, n - 1) : value; }
KOKKOS_INLINE_FUNCTION Pair largest(double value) { return Pair{value}; }
KOKKOS_INLINE_FUNCTION double& reference(double& value) { return value; }

double unknown_functions(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        s += external(x(i));
        s += recursive(x(i), 3);
        s += reference(s);
        s += printf("%d\n", i);
        double (*f)(double) = i > 2 ? plain : nullptr;
        s += f(x(i));
      },
      r);
  return r;
}
