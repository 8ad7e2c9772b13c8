// Scratch memory of teams and threads.

#include <Kokkos_Core.hpp>

#include <cmath>

using Policy = Kokkos::TeamPolicy<>;
using Member = Policy::member_type;
using Space = Kokkos::DefaultExecutionSpace::scratch_memory_space;
using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using InMatrix = Kokkos::View<const double**>;
using Scratch = Kokkos::View<double*, Space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
using Tile = Kokkos::View<double[4], Space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
using Block = Kokkos::View<double**, Kokkos::LayoutRight, Space>;

void constant_scratch(InMatrix x, Matrix y, int teams) {
  const Policy policy = Policy(teams, Kokkos::AUTO).set_scratch_size(0, Kokkos::PerTeam(Tile::shmem_size()));
  Kokkos::parallel_for("constant", policy, KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Tile s(team.team_scratch(0));
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 4), [&](const int j) { s(j) = x(e, j) * x(e, j); });
    team.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 4), [&](const int j) { y(e, j) = s(j) * s(3 - j); });
  });
}

void sized_scratch(InMatrix a, InMatrix x, Matrix y, int teams) {
  const int n = x.extent_int(1);
  Policy policy(teams, Kokkos::AUTO);
  policy.set_scratch_size(0, Kokkos::PerTeam(Scratch::shmem_size(n)));
  Kokkos::parallel_for("sized", policy, KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Scratch s(team.team_scratch(0), n);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](const int j) { s(j) = sin(x(e, j)); });
    team.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](const int i) {
      double sum = 0;
      Kokkos::parallel_reduce(
          Kokkos::ThreadVectorRange(team, n), [&](const int j, double& t) { t += a(i, j) * s(j); }, sum);
      y(e, i) = sum * s(i);
    });
  });
}

double two_levels(InMatrix x, int teams, int n) {
  const std::size_t bytes = Block::shmem_size(n, 2) + Scratch::shmem_size(n);
  double r = 0;
  Kokkos::parallel_reduce(
      "levels", Policy(teams, Kokkos::AUTO).set_scratch_size(1, Kokkos::PerTeam(bytes)),
      KOKKOS_LAMBDA(const Member& team, double& update) {
        const int e = team.league_rank();
        Block b(team.team_scratch(1), n, 2);
        Scratch s(team.team_scratch(1), b.extent(0));
        Kokkos::parallel_for(Kokkos::TeamVectorRange(team, n), [&](const int j) {
          b(j, 0) = x(e, j);
          b(j, 1) = x(e, j) * b(j, 0);
        });
        team.team_barrier();
        Kokkos::parallel_for(
            Kokkos::TeamVectorRange(team, n), [&](const int j) { s(j) = b(j, 0) * b(n - 1 - j, 1); });
        team.team_barrier();
        double sum = 0;
        Kokkos::parallel_reduce(
            Kokkos::TeamVectorRange(team, n), [&](const int j, double& t) { t += s(j) * b(j, 1); }, sum);
        Kokkos::single(Kokkos::PerTeam(team), [&]() { update += sum; });
      },
      r);
  return r;
}

void thread_scratch(InMatrix x, Matrix y, int teams, int n) {
  const Policy policy(teams, Kokkos::AUTO, 2);
  const int bytes = Scratch::shmem_size(n);
  Kokkos::parallel_for("thread", Policy(policy).set_scratch_size(0, Kokkos::PerTeam(0), Kokkos::PerThread(bytes)),
                       KOKKOS_LAMBDA(const Member& team) {
    Scratch s(team.thread_scratch(0), n);
    const int e = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, x.extent_int(1)), [&](const int i) {
      Kokkos::parallel_for(
          Kokkos::ThreadVectorRange(team, n), [&](const int k) { s(k) = x(e, i) * (k + 1); });
      double p = 0;
      Kokkos::parallel_reduce(
          Kokkos::ThreadVectorRange(team, n), [&](const int k, double& t) { t += s(k) * s(n - 1 - k); }, p);
      Kokkos::single(Kokkos::PerThread(team), [&]() { y(e, i) = p; });
    });
  });
}

void summed_in_scratch(InMatrix x, Vector y, int teams, int n) {
  const Policy policy(teams, 1);
  Kokkos::parallel_for("sums", Policy(policy).set_scratch_size(0, Kokkos::PerTeam(Scratch::shmem_size(n))),
                       KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Scratch s(team.team_scratch(0), n);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](const int j) {
      s(j) = x(e, j);
      for (int k = 0; k < j; ++k) s(j) += x(e, k) * x(e, j);
    });
    team.team_barrier();
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(e) = exp(s(0)) * s(n - 1); });
  });
}

void captured_by_copy(InMatrix x, Matrix y, int teams) {
  Kokkos::parallel_for(Policy(teams, 1).set_scratch_size(0, Kokkos::PerTeam(Scratch::shmem_size(4))),
                       KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Scratch s(team.team_scratch(0), 4);
    auto fill = [=](int j) { s(j) = x(e, j) * x(e, j); };
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 4), fill);
    team.team_barrier();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 4), [=](int j) { y(e, j) = s(j) * s(3 - j); });
  });
}

void part_of_scratch(InMatrix x, Matrix y, int teams, int n) {
  Kokkos::parallel_for(Policy(teams, 1).set_scratch_size(0, Kokkos::PerTeam(Scratch::shmem_size(n))),
                       KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Scratch s(team.team_scratch(0), n);
    auto row = Kokkos::subview(x, e, Kokkos::ALL);
    auto tail = Kokkos::subview(s, Kokkos::make_pair(1, n));
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](int j) { s(j) = row(j) * row(j); });
    team.team_barrier();
    Kokkos::parallel_for(
        Kokkos::TeamThreadRange(team, tail.extent_int(0)), [&](int j) { y(e, j) = tail(j) * row(0) * s(j); });
  });
}

// Rows of different lengths: every team gets as much as the longest row needs.
void row_scratch(Kokkos::View<const int*> start, Kokkos::View<const int*> column, Kokkos::View<const double*> value,
                 Kokkos::View<const double*> x, Kokkos::View<double*> y, int longest) {
  using Row = Kokkos::View<double*, Kokkos::DefaultExecutionSpace::scratch_memory_space, Kokkos::MemoryUnmanaged>;
  using Team = Kokkos::TeamPolicy<>::member_type;
  const int n = start.extent(0) - 1;
  auto policy = Kokkos::TeamPolicy<>(n, Kokkos::AUTO).set_scratch_size(0, Kokkos::PerTeam(Row::shmem_size(longest)));
  Kokkos::parallel_for("rows", policy, KOKKOS_LAMBDA(const Team& team) {
    const int i = team.league_rank(), first = start(i), length = start(i + 1) - first;
    Row w(team.team_scratch(0), length);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, length), [&](const int k) {
      w(k) = value(first + k) * x(column(first + k));
    });
    team.team_barrier();
    double s = 0;
    Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, length), [&](const int k, double& sum) {
      sum += w(k) * w(length - 1 - k);
    }, s);
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(i) = sqrt(1.0 + s); });
  });
}
