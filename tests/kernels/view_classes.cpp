// Parameters of Kokkos' classes around Views, of which the Views are used.
#include <Kokkos_Core.hpp>
#include <Kokkos_DualView.hpp>
#include <Kokkos_OffsetView.hpp>

using Offset = Kokkos::Experimental::OffsetView<double*>;
using ConstOffset = Kokkos::Experimental::OffsetView<const double**>;
using Dual = Kokkos::DualView<double*>;

void smoothed(const Offset& out, ConstOffset in, double a) {
  const auto o = out.view();
  const auto u = in.view();
  const int n = static_cast<int>(u.extent(1));
  Kokkos::parallel_for("smoothed", o.extent(0), KOKKOS_LAMBDA(const int i) {
    for (int k = 0; k < n; ++k) o(i) += a * u(i, k) * u(i, (k + 1) % n) * o(i);
  });
}

double on_device(const Dual& x, const Dual y) {
  const auto u = x.view_device();
  const auto v = y.d_view;
  double r = 0;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += u(i) * v(i) * v(i); }, r);
  return r;
}

double on_host(Dual x) {
  const auto h = x.view_host();
  double r = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>(0, h.extent(0)),
                          KOKKOS_LAMBDA(const int i, double& s) { s += h(i) * h(i) * h(0); }, r);
  return r;
}
