// expect: 7:12 team_scan adds one value of each thread | parallel_scan(TeamThreadRange(team, n), lambda)
#include <Kokkos_Core.hpp>
using Member = Kokkos::TeamPolicy<>::member_type;
void team_scan(Kokkos::View<const double**> x, Kokkos::View<double*> y, int n) {
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(n, 1), KOKKOS_LAMBDA(const Member& team) {
    const int i = team.league_rank();
    y(i) = team.team_scan(x(i, 0));
  });
}
