// View variables without an allocation at first. (Some compilers get such Views wrong with newer Kokkos.)

#include <Kokkos_Core.hpp>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;

double assigned_later(In x, int n) {
  Vector t, unused;
  if (!t.is_allocated()) t = Vector("t", n);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { t(i) = x(i) * x(i); });
  Vector saved;
  for (int k = 0; k < 3; ++k) {
    Vector next("next", n);
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { next(i) = t(i) * x(i); });
    saved = next;
    Kokkos::deep_copy(t, saved);
  }
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += t(i); }, r);
  return r;
}
