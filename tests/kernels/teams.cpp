// TeamPolicy: ranges that a team shares, reductions over them, single, barriers.

#include <Kokkos_Core.hpp>

#include <cmath>

using Policy = Kokkos::TeamPolicy<>;
using Member = Policy::member_type;
using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using InMatrix = Kokkos::View<const double**>;

void matrix_vector(InMatrix a, In x, Vector y) {
  const int rows = a.extent_int(0), columns = a.extent_int(1);
  Kokkos::parallel_for("rows", Policy(rows, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int i = team.league_rank();
    double sum = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, columns), [&](const int j, double& s) { s += a(i, j) * sin(x(j)); }, sum);
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(i) = sum * sum; });
  });
}

double quadratic_form(InMatrix a, In x, In y, int rows, int columns) {
  double r = 0;
  Kokkos::parallel_reduce("form", Policy(rows, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team, double& update) {
    const int i = team.league_rank();
    double row = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, columns), [&](const int j, double& s) { s += a(i, j) * x(j); }, row);
    Kokkos::single(Kokkos::PerTeam(team), [&]() { update += y(i) * row; });
  }, r);
  return r;
}

void three_levels(Kokkos::View<const double***> a, InMatrix x, Matrix y, int teams) {
  const Policy policy(teams, Kokkos::AUTO, 4);
  Kokkos::parallel_for("levels", policy, KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, a.extent(1)), [&](const int i) {
      double sum = 0;
      Kokkos::parallel_reduce(
          Kokkos::ThreadVectorRange(team, a.extent(2)),
          [&](const int j, double& s) { s += a(e, i, j) * x(e, j); }, sum);
      Kokkos::single(Kokkos::PerThread(team), [&]() { y(e, i) = exp(-sum) * x(e, i); });
    });
  });
}

void outer_and_inner_reduce(InMatrix x, Vector y, int teams) {
  Kokkos::parallel_for(Policy(teams, 1), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    double total = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, x.extent_int(1)),
        [&](const int i, double& t) {
          double inner = 0;
          Kokkos::parallel_reduce(
              Kokkos::ThreadVectorRange(team, i), [&](const int k, double& s) { s += x(e, k) * x(e, i); }, inner);
          t += inner * inner;
        },
        total);
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(e) = total; });
  });
}

void vector_range(InMatrix x, Matrix y, double c, int teams) {
  Kokkos::parallel_for("copy", Policy(teams, Kokkos::AUTO, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    const double shift = c * e;
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, 1, x.extent_int(1)), [&](const int j) {
      y(e, j) = x(e, j) * x(e, j - 1) + shift;
    });
  });
}

void broadcast(InMatrix x, Matrix y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    double scale = 1;
    double first;
    Kokkos::single(Kokkos::PerTeam(team), [&](double& s) { s = s + x(e, 0) * x(e, 1); }, scale);
    Kokkos::single(Kokkos::PerTeam(team), [=](double& f) { f = sqrt(x(e, 0)); }, first);
    Kokkos::parallel_for(
        Kokkos::TeamThreadRange(team, x.extent(1)), [=](const int j) { y(e, j) = x(e, j) * scale / first; });
  });
}

void phases(InMatrix x, Matrix y, Matrix z, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank(), n = x.extent_int(1);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, n), [&](const int j) { y(e, j) = 2.5 * x(e, j); });
    team.team_barrier();
    Kokkos::parallel_for(
        Kokkos::TeamThreadRange(team, n), [&](const int j) { z(e, j) = y(e, (j + 1) % n) + x(e, j) * x(e, j); });
  });
}

double captured_accumulator(InMatrix x, int teams) {
  double r = 0;
  Kokkos::parallel_reduce(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team, double& update) {
    const int e = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, x.extent_int(1)), [&](const int j) {
      if (x(e, j) < 0.5) return;
      update += x(e, j) * x(e, j) * (e + 1);
    });
  }, Kokkos::Sum<double>(r));
  return r;
}

void atomic_scatter(InMatrix x, Kokkos::View<const int**> to, Vector y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, x.extent_int(1)), [&](const int j) {
      Kokkos::atomic_add(&y(to(e, j)), x(e, j) * x(e, 0));
    });
  });
}

KOKKOS_INLINE_FUNCTION double norm(const Member& team, const InMatrix& x, int e) {
  double sum = 0;
  Kokkos::parallel_reduce(
      Kokkos::TeamVectorRange(team, x.extent_int(1)), [&](const int j, double& s) { s += x(e, j) * x(e, j); }, sum);
  return sqrt(sum);
}

void helper_with_team(InMatrix x, Matrix y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    const double length = norm(team, x, e);
    Kokkos::parallel_for(
        Kokkos::TeamVectorRange(team, x.extent_int(1)), [&](const int j) { y(e, j) = x(e, j) / length; });
  });
}

void uniform_branch(InMatrix x, Vector y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    if (e == 0) return;
    double low = 0;
    if (x(e, 0) > 0.4) {
      Kokkos::parallel_reduce(
          Kokkos::TeamThreadRange(team, x.extent_int(1)),
          [&](const int j, double& m) {
            if (x(e, j) < m) m = x(e, j);
          },
          Kokkos::Min<double>(low));
    }
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(e) = low * x(e, 0); });
  });
}

void product_of_row(InMatrix x, Vector y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    double p;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, x.extent_int(1)), [&](const int j, double& q) { q *= x(e, j); },
        Kokkos::Prod<double>(p));
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(e) = p; });
  });
}

void team_time_loop(Matrix u, Matrix v, double c, int teams, int steps) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank(), n = u.extent_int(1);
    for (int t = 0; t < steps; ++t) {
      Kokkos::parallel_for(
          Kokkos::TeamThreadRange(team, 1, n - 1), [&](const int j) { v(e, j) = c * (u(e, j - 1) + u(e, j + 1)); });
      team.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 1, n - 1), [&](const int j) { u(e, j) += v(e, j); });
      team.team_barrier();
    }
  });
}

void redundant_store(InMatrix x, Vector y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    y(team.league_rank()) = x(team.league_rank(), 0) * x(team.league_rank(), 1) * team.league_size();
  });
}
