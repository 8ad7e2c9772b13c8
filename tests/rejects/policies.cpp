// expect: 8:24 this form of TeamPolicy is not supported
// expect: 9:25 this form of RangePolicy is not supported
// expect: 12:24 this form of MDRangePolicy is not supported
#include <Kokkos_Core.hpp>

void policies(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  using Member = Kokkos::TeamPolicy<>::member_type;
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(), KOKKOS_LAMBDA(const Member& m) { x(m.league_rank()) = 1; });
  Kokkos::RangePolicy<> later;
  Kokkos::parallel_for(later, KOKKOS_LAMBDA(int i) { x(i) = 1; });
  const auto corner = [n](int k) { return Kokkos::Array<int, 2>{{k, n}}; };
  Kokkos::parallel_for(Kokkos::MDRangePolicy<Kokkos::Rank<2>>(corner(0), {n, n}), KOKKOS_LAMBDA(int i, int j) { x(i) = j; });
}
