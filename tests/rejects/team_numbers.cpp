// expect: 11:19 a value depends on which thread of the team computes it
// expect: 13:14 a value depends on the team size, which Kokkos chooses
// expect: 17:64 a result depends on shmem_size
// expect: 19:64 a result depends on concurrency | use it to configure launches only
#include <Kokkos_Core.hpp>
using Member = Kokkos::TeamPolicy<>::member_type;
void team_numbers(Kokkos::View<const double*> x, Kokkos::View<double*> y, Kokkos::View<double*> z, int n) {
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int i = team.league_rank();
    const int rank = team.team_rank();
    y(i) = x(i) * x(rank);
    Kokkos::single(Kokkos::PerTeam(team), [&]() {
      z(i) = x(team.team_size());
    });
  });
  const std::size_t bytes = Kokkos::View<double*>::shmem_size(n);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = x(i) * bytes; });
  const int threads = Kokkos::DefaultExecutionSpace().concurrency();
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = x(i) * threads; });
}
