// expect: 19:15 a variable of type 'Point' is not supported
// expect: 22:16 a local class is not supported
// expect: 25:33 a variable of type 'Kokkos::complex<double>' is not supported
// expect: 27:17 a variable of type 'Functor' is not supported
// expect: 29:31 a variable of type 'std::array<double, 3>' is not supported
#include <Kokkos_Core.hpp>
#include <array>
struct Point {
  double a, b;
};
struct Functor {
  KOKKOS_INLINE_FUNCTION double operator()(double v) const { return v; }
};

double classes(Kokkos::View<double*> x, Kokkos::View<int*> m, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        Point p = {1.0, 2.0};
        p.a = 3;
        s += p.a * p.b;
        struct Local {
          double c;
        };
        Kokkos::complex<double> z(1, 2);
        s += z.real();
        Functor f;
        s += f(x(i));
        std::array<double, 3> list = {{1, 2, 3}};
        s += list[1];
      },
      r);
  return r;
}
