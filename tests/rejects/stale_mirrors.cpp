// expect: 11:14 the mirror of 'x' is read before it is filled
// expect: 14:60 'x' is read after its mirror has changed
// expect: 22:14 the mirror of 'y' is read after the View has changed
// expect: 21:31 'z' is left without the values of its mirror
#include <Kokkos_Core.hpp>

using Vector = Kokkos::View<double*>;

double stale_mirrors(Vector x, Vector y, Vector z, int n) {
  auto h = Kokkos::create_mirror_view(x);
  double r = h(0);
  Kokkos::deep_copy(h, x);
  for (int t = 0; t < n; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) += x(i); });
    h(t) = 2;
  }
  Kokkos::deep_copy(x, h);
  auto g = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), y);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) *= 2; });
  auto k = Kokkos::create_mirror_view(z);
  for (int i = 0; i < n; ++i) k(i) = i * x(0);
  return r + g(1);
}
