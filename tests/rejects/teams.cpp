// expect: 16:5 every thread of the team adds to 'y'
// expect: 17:5 every thread of the team adds to 's'
// expect: 22:79 'sum' is modified
// expect: 23:79 'local' is written in a parallel range: each thread has its own copy
// expect: 24:79 iterations of this parallel region may write the same element of 'y'
// expect: 29:7 this construct needs threads or lanes of the team that do not come here
// expect: 31:51 a barrier that not every thread of the team reaches
// expect: 36:82 no barrier separates this write to 'y' from the access at line 37
// expect: 41:21 every thread of the team reads 'y' (line 41) and then writes it
#include <Kokkos_Core.hpp>
using Member = Kokkos::TeamPolicy<>::member_type;
double teams(Kokkos::View<const double*> x, Kokkos::View<double*> y, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      Kokkos::TeamPolicy<>(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team, double& s) {
    y(team.league_rank()) += 1;
    s += x(team.league_rank());
  }, r);
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    double sum = 0, local[3] = {};
    const int i = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](const int j) { sum += x(j); });
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 3), [&](const int j) { local[j] = x(j); });
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 3), [&](const int j) { y(i) = local[j] + sum; });
  });
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](const int i) {
      if (x(i) > 0) return;
      Kokkos::parallel_for(Kokkos::TeamVectorRange(team, 2), [&](const int) {});
    });
    Kokkos::single(Kokkos::PerTeam(team), [&]() { team.team_barrier(); });
  });
  using Matrix = Kokkos::View<double**>;
  Matrix m("m", n, n);
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(1, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 1, n), [&](const int j) { y(j) = x(j); });
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 1, n), [&](const int j) { m(0, j) = y(j - 1); });
  });
  Kokkos::parallel_for(Kokkos::TeamPolicy<>(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int i = team.league_rank();
    if (x(i) > 0) { y(i) = 0.5 * y(i); return; }
    y(i) = x(i);
  });
  return r;
}
