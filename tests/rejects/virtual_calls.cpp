// expect: 10:76 the virtual function 'flux' is called | call a function that is not virtual
// expect: 16:14 the virtual function 'flux' is called | call a function that is not virtual
#include <Kokkos_Core.hpp>
struct Law {
  virtual KOKKOS_FUNCTION double flux(double u) const { return u; }
};
struct Burgers : Law {
  KOKKOS_FUNCTION double flux(double u) const override { return 0.5 * u * u; }
};
KOKKOS_INLINE_FUNCTION double twice(const Law& law, double u) { return 2 * law.flux(u); }
double virtual_calls(Kokkos::View<double*> x, const Law* law, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      n, KOKKOS_LAMBDA(const int i, double& s) {
        Burgers burgers;
        s += law->flux(x(i)) + twice(burgers, x(i));
      },
      r);
  return r;
}
