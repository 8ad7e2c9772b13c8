// expect: 12:15 'v' may be used uninitialised
// expect: 16:15 'v' may be used uninitialised
// expect: 21:15 the accumulator of a parallel_reduce is read
#include <Kokkos_Core.hpp>
using Member = Kokkos::TeamPolicy<>::member_type;
void team_copies(Kokkos::View<const double*> x, Kokkos::View<double**> y, int n) {
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    double v, w = 0;
    Kokkos::single(Kokkos::PerTeam(team), [&]() { v = x(e); });
    const double one = 1;
    y(e, 0) = v * one;
    team.team_barrier();
    double u;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](int j) { v = x(j); });
    y(e, 1) = v;
    if (x(e) > 0) {
      for (int j = team.team_rank(); j < n; j += team.team_size()) w += x(j);
    }
    u = 2;
    y(e, 2) = w;
    y(e, 3) = u;
  });
}
