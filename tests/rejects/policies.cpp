// expect: 14:52 a function object is not supported as a kernel
// expect: 16:24 this form of TeamPolicy is not supported
// expect: 17:24 the policy argument Tag is not supported
// expect: 18:25 this form of RangePolicy is not supported
// expect: 21:24 this form of MDRangePolicy is not supported
#include <Kokkos_Core.hpp>
struct Tag {};
struct Team {
  Kokkos::View<double*> x;
  KOKKOS_INLINE_FUNCTION void operator()(const Kokkos::TeamPolicy<>::member_type& m) const { x(m.league_rank()) = 1; }
};

void policies(Kokkos::View<double*> x, Kokkos::View<double*> y, int n) {
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(n, 1), Team{x});
  using Member = Kokkos::TeamPolicy<>::member_type;
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(), KOKKOS_LAMBDA(const Member& m) { x(m.league_rank()) = 1; });
  Kokkos::parallel_for(Kokkos::RangePolicy<Tag>(0, n), KOKKOS_LAMBDA(Tag, int i) { x(i) = 1; });
  Kokkos::RangePolicy<> later;
  Kokkos::parallel_for(later, KOKKOS_LAMBDA(int i) { x(i) = 1; });
  Kokkos::Array<int, 2> lower{{0, 0}};
  Kokkos::parallel_for(Kokkos::MDRangePolicy<Kokkos::Rank<2>>(lower, {n, n}), KOKKOS_LAMBDA(int i, int j) { x(i) = j; });
}
