// View variables without an allocation, and with other sizes later. (Some compilers get Views without an
// allocation wrong with newer Kokkos, whose realloc makes them.)

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

double allocated_later(In x, int n) {
  Vector t("none", 0);
  t = Vector("t", n);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { t(i) = x(i) * x(i); });
  Vector other(Kokkos::view_alloc(Kokkos::WithoutInitializing, "other"), n);
  Kokkos::deep_copy(other, t);
  Kokkos::resize(t, n + 2);
  Kokkos::parallel_for(2, KOKKOS_LAMBDA(int i) { t(n + i) = other(i) * other(i); });
  double r = 0, q = 0;
  Kokkos::parallel_reduce(n + 2, KOKKOS_LAMBDA(int i, double& s) { s += t(i) * t(i); }, r);
  Kokkos::realloc(t, n);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { t(i) += other(i) * r; });
  Kokkos::resize(t, 2);
  Kokkos::parallel_reduce(t.extent(0), KOKKOS_LAMBDA(int i, double& s) { s += t(i) * t(i); }, q);
  return r + q;
}
