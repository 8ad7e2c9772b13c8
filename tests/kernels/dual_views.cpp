// DualViews: a View and its mirror.

#include <Kokkos_Core.hpp>
#include <Kokkos_DualView.hpp>

#include <cmath>

using Dual = Kokkos::DualView<double*>;
using In = Kokkos::View<const double*>;

double filled_on_the_host(In x, int n) {
  Dual a("a", n);
  auto h = a.view_host();
  const auto source = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), x);
  for (int i = 0; i < n; ++i) h(i) = source(i) * source(i);
  a.modify_host();
  a.sync_device();
  auto d = a.view_device();
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { d(i) = sin(d(i)) * x(i); });
  a.modify_device();
  a.sync_host();
  double r = 0;
  for (int i = 0; i < n; ++i) r += a.h_view(i) * h(0);
  return r * a.extent(0);
}

inline void grow(const Dual& a, int n) {
  auto d = a.d_view;
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { d(i) += 0.5 * d(i) * d((i + 1) % n); });
}

double in_time_loop(In x, int n, int steps) {
  Kokkos::DualView<double*> a("a", n), b("b", n);
  Kokkos::deep_copy(a.d_view, x);
  a.template modify<Dual::execution_space>();
  double r = 0;
  for (int t = 0; t < steps; ++t) {
    a.sync_device();
    auto d = a.view_device();
    auto e = b.view_device();
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { e(i) = d(i) * d(i); });
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { d(i) += 0.1 * e((i + 1) % n); });
    a.modify_device();
    if (t % 2 == 1) {
      a.sync_host();
      auto h = a.view_host();
      h(0) *= h(1);
      a.modify_host();
    }
  }
  a.sync<Kokkos::HostSpace>();
  for (int i = 0; i < n; ++i) r += a.h_view(i);
  return r;
}
