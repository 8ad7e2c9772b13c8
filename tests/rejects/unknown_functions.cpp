// expect: 15:79 the recursive call of 'recursive' is not supported
// expect: 23:14 the function external is not known
// expect: 25:28 members of classes are not supported
// expect: 26:14 'reference' returns 'double &'
// expect: 27:9 the function printf is not supported
// expect: 28:14 a named lambda is not supported
// expect: 30:18 the pointer variable 'f' is not supported
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
        s += largest(x(i)).value;
        s += reference(s);
        printf("%d\n", i);
        auto local = [=](double value) { return 2 * value; };
        s += local(x(i));
        double (*f)(double) = plain;
        s += f(x(i));
      },
      r);
  return r;
}
