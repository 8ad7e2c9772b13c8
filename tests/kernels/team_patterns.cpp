// How codes use teams: blocks of rows, functors, threads that share work by hand, helpers.

#include <Kokkos_Core.hpp>

#include <cmath>
using Policy = Kokkos::TeamPolicy<>;
using Member = Policy::member_type;
using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using InMatrix = Kokkos::View<const double**>;
using Ints = Kokkos::View<const int*>;


void blocks_of_rows(Ints rows, Ints columns, In a, In x, Vector y, int n, int per_team) {
  const int teams = (n + per_team - 1) / per_team;
  Kokkos::parallel_for("rows", Policy(teams, Kokkos::AUTO, 8), KOKKOS_LAMBDA(const Member& team) {
    const int first = team.league_rank() * per_team;
    const int last = first + per_team < n ? first + per_team : n;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, first, last), [&](const int row) {
      double sum = 0;
      Kokkos::parallel_reduce(Kokkos::ThreadVectorRange(team, rows(row + 1) - rows(row)), [&](const int k, double& s) {
        const int at = rows(row) + k;
        s += a(at) * x(columns(at));
      }, sum);
      Kokkos::single(Kokkos::PerThread(team), [&]() { y(row) = sum; });
    });
  });
}

void guarded_rows(Ints rows, Ints columns, In a, In x, Vector y, int n, int per_team) {
  const int teams = (n + per_team - 1) / per_team;
  Kokkos::parallel_for("rows", Policy(teams, Kokkos::AUTO, 8), KOKKOS_LAMBDA(const Member& team) {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, per_team), [&](const int i) {
      const int row = team.league_rank() * per_team + i;
      if (row >= n) return;
      double sum = 0;
      Kokkos::parallel_reduce(Kokkos::ThreadVectorRange(team, rows(row), rows(row + 1)), [&](const int k, double& s) {
        s += a(k) * x(columns(k));
      }, sum);
      Kokkos::single(Kokkos::PerThread(team), [&]() { y(row) = sum; });
    });
  });
}

struct RowFunctor {
  InMatrix a; In x; Vector y; int n;
  typedef Kokkos::TeamPolicy<>::member_type member_type;
  KOKKOS_INLINE_FUNCTION void operator()(const member_type& team) const {
    const int i = team.league_rank();
    double sum = 0;
    Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, n), [&](const int j, double& s) { s += a(i, j) * x(j); }, sum);
    if (team.team_rank() == 0) y(i) = sum;
  }
};

void team_functor(InMatrix a, In x, Vector y, int rows, int columns) {
  RowFunctor f{a, x, y, columns};
  Kokkos::parallel_for("f", Kokkos::TeamPolicy<>(rows, Kokkos::AUTO), f);
}

void threads_by_hand(InMatrix a, In x, Vector y, int rows, int columns) {
  Kokkos::parallel_for("f", Kokkos::TeamPolicy<>(rows, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int i = team.league_rank();
    double sum = 0;
    for (int j = team.team_rank(); j < columns; j += team.team_size()) sum += a(i, j) * x(j);
    team.team_reduce(Kokkos::Sum<double>(sum));
    if (team.team_rank() == 0) y(i) = sum;
  });
}

void own_index(In x, Vector y, int n) {
  const int size = 2;
  Kokkos::parallel_for("f", Kokkos::TeamPolicy<>((n + size - 1) / size, size), KOKKOS_LAMBDA(const Member& team) {
    const int i = team.league_rank() * team.team_size() + team.team_rank();
    if (i < n) y(i) = x(i) * x(i);
  });
}

void generic_team(InMatrix a, Vector y, int rows) {
  Kokkos::parallel_for("f", Kokkos::TeamPolicy<>(rows, Kokkos::AUTO), KOKKOS_LAMBDA(const auto& team) {
    const int i = team.league_rank();
    double sum = 0;
    Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, a.extent(1)), [=](const int j, double& s) { s += a(i, j); }, sum);
    Kokkos::single(Kokkos::PerTeam(team), [=]() { y(i) = sum; });
  });
}

template <class Team>
KOKKOS_INLINE_FUNCTION double dot(const Team& team, InMatrix a, In x, int i) {
    double sum = 0;
    Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, a.extent(1)), [=](const int j, double& s) { s += a(i, j) * x(j); }, sum);
    return sum;
}

void template_helper(InMatrix a, In x, Vector y, int rows) {
  Kokkos::parallel_for("f", Kokkos::TeamPolicy<>(rows, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int i = team.league_rank();
    const double d = dot(team, a, x, i);
    Kokkos::single(Kokkos::PerTeam(team), [=]() { y(i) = d; });
  });
}

void prefix_sums(InMatrix x, Matrix y, int teams) {
  Kokkos::parallel_for("scan", Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Kokkos::parallel_scan(Kokkos::TeamThreadRange(team, x.extent_int(1)),
                          [&](const int j, double& partial, const bool final) {
                            if (final) y(e, j) = partial * x(e, j);
                            partial += sin(x(e, j));
                          });
  });
}

void inclusive_sums(InMatrix x, Matrix y, int teams) {
  Kokkos::parallel_for("scan", Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 2), [&](const int half) {
      const int n = x.extent_int(1) / 2;
      Kokkos::parallel_scan(Kokkos::ThreadVectorRange(team, n), [&](const int j, double& partial, const bool final) {
        partial += x(e, half * n + j) * x(e, half * n + j);
        if (final) y(e, half * n + j) = partial * partial;
      });
    });
  });
}

double offset_threads(InMatrix x, int teams, int n) {
  double r = 0;
  Kokkos::parallel_reduce(Policy(teams, 1), KOKKOS_LAMBDA(const Member& team, double& update) {
    const int e = team.league_rank(), tid = team.team_rank(), threads = team.team_size();
    double a = 0, b = 0;
    for (int j = 1 + tid; j < n; j += threads) {
      const double d = x(e, j) - x(e, j - 1);
      a += d * d;
      for (int k = 0; k < j; ++k) b += d * x(e, k);
    }
    for (int j = tid; j < n; j += threads) a += sqrt(x(e, j));
    team.team_reduce(Kokkos::Sum<double>(a));
    team.team_reduce(Kokkos::Sum<double>(b));
    team.team_broadcast(b, 0);
    if (tid == 0) update += a * b;
  }, r);
  return r;
}

void largest_of_row(InMatrix x, Vector y, int teams) {
  Kokkos::parallel_for("max", Policy(teams, Kokkos::AUTO, 4), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 1), [&](const int) {
      double largest;
      Kokkos::parallel_reduce(Kokkos::ThreadVectorRange(team, x.extent_int(1)), [&](const int j, double& m) {
        m = fmax(m, x(e, j) * x(e, j));
      }, Kokkos::Max<double>(largest));
      Kokkos::single(Kokkos::PerThread(team), [&]() { y(e) = largest * x(e, 0); });
    });
  });
}

double partial_sums_of_threads(InMatrix x, int teams) {
  double r = 0;
  Kokkos::parallel_reduce(Policy(teams, Kokkos::AUTO, 4), KOKKOS_LAMBDA(const Member& team, double& update) {
    const int e = team.league_rank();
    double total = 0;
    Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, x.extent_int(1)), [&](const int i, double& t) {
      double s = 0;
      Kokkos::parallel_reduce(Kokkos::ThreadVectorRange(team, i), [&](const int k, double& u) { u += x(e, k); }, s);
      Kokkos::single(Kokkos::PerThread(team), [&]() { t += s * x(e, i); });
    }, total);
    Kokkos::single(Kokkos::PerTeam(team), [&]() { update += exp(-total); });
  }, r);
  return r;
}

void tiles_in_scratch(InMatrix x, Matrix y, int teams, int tiles) {
  using Space = Kokkos::DefaultExecutionSpace::scratch_memory_space;
  using Scratch = Kokkos::View<double*, Space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  Kokkos::parallel_for(Policy(teams, 1).set_scratch_size(0, Kokkos::PerTeam(Scratch::shmem_size(4))),
                       KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Scratch s(team.team_scratch(0), 4);
    for (int t = 0; t < tiles; ++t) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 4), [&](int j) { s(j) = x(e, 4 * t + j); });
      team.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 4), [&](int j) { y(e, j) += s(j) * s(3 - j); });
      team.team_barrier();
    }
  });
}

void sized_tiles(InMatrix x, Matrix y, int teams, int tiles, int m) {
  using Space = Kokkos::DefaultExecutionSpace::scratch_memory_space;
  using Scratch = Kokkos::View<double*, Space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  Kokkos::parallel_for(Policy(teams, 1).set_scratch_size(0, Kokkos::PerTeam(Scratch::shmem_size(m))),
                       KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Scratch s(team.team_scratch(0), m);
    for (int t = 0; t < tiles; ++t) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, m), [&](int j) { s(j) = x(e, m * t + j); });
      team.team_barrier();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, m), [&](int j) { y(e, j) += s(j) * s(m - 1 - j); });
      team.team_barrier();
    }
  });
}

double sums_of_all_threads(InMatrix x, int teams) {
  double r = 0;
  Kokkos::parallel_reduce(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team, double& update) {
    const int e = team.league_rank();
    for (int j = team.team_rank(); j < 4; j += team.team_size()) update += x(e, j) * x(e, j);
  }, r);
  return r;
}

void uniform_jumps(InMatrix x, Vector y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    double a = 1;
    for (int t = 0; t < 3; ++t) {
      if (x(e, t) < 0.3) continue;
      double s = 0;
      Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, 4), [&](int j, double& l) {
        if (j == t) return;
        l += a * x(e, j);
      }, s);
      if (s > 100) break;
      a = a * s;
    }
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(e) = a; });
  });
}

void jumps_in_single(InMatrix x, Vector y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    Kokkos::single(Kokkos::PerTeam(team), [&]() {
      double a = 1;
      for (int k = 0; k < 4; ++k) {
        if (x(e, k) > 0.8) break;
        a += x(e, k) * a;
      }
      y(e) = a * x(e, 0);
    });
  });
}

void temporary_of_the_team(InMatrix x, Matrix y, int teams) {
  Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
    const int e = team.league_rank();
    double v;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 4), [&](const int j) {
      v = x(e, j) * x(e, j);
      y(e, j) = v * v;
    });
  });
}

double team_kernels_in_time(InMatrix x, Matrix y, int teams, int steps) {
  double r = 0;
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team) {
      const int e = team.league_rank();
      Kokkos::parallel_for(
          Kokkos::TeamThreadRange(team, 4), [&](const int j) { y(e, j) = sin(y(e, j)) * x(e, j) + 0.1 * t; });
    });
    double part = 0;
    Kokkos::parallel_reduce(Policy(teams, Kokkos::AUTO), KOKKOS_LAMBDA(const Member& team, double& update) {
      double row = 0;
      Kokkos::parallel_reduce(Kokkos::TeamVectorRange(team, 4), [&](const int j, double& s) {
        s += y(team.league_rank(), j) * y(team.league_rank(), j);
      }, row);
      Kokkos::single(Kokkos::PerTeam(team), [&]() { update += sqrt(row); });
    }, part);
    r = r * 0.5 + part;
  }
  return r;
}
