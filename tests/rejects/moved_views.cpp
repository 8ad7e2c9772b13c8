// expect: 16:3 a View parameter passed by reference is given other memory
// expect: 17:3 a View parameter passed by reference is given other memory
// expect: 18:14 a View parameter passed by reference is given other memory
#include <Kokkos_Core.hpp>

struct Holder {
  Kokkos::View<double*> used, chosen, grown;
};

double moved_views(Holder& h, Kokkos::View<double*> x, bool other) {
  double r = 0;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += x(i) * h.used(i); }, r);
  double t = 0;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += x(i); }, t);
  // the adjoint of one View before the call and of another one after it; new memory; one of two Views
  h.used = x;
  h.grown = Kokkos::View<double*>("grown", 3);
  if (other) h.chosen = x;
  return r * t;
}
