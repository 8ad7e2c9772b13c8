// Iterations that change memory in place and read it again at other places: the values read are recorded.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using Cube = Kokkos::View<double***>;
using Indices = Kokkos::View<const int*>;

// One lower triangular system per iteration.
void forward_substitution(Cube A, Matrix b) {
  const int m = b.extent(1);
  Kokkos::parallel_for("substitution", b.extent(0), KOKKOS_LAMBDA(const int s) {
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < i; ++j) b(s, i) -= A(s, i, j) * b(s, j);
      b(s, i) /= A(s, i, i) + 2.0;
    }
  });
}

void tridiagonal(Matrix lower, Matrix diagonal, Matrix upper, Matrix d) {
  const int n = lower.extent(1);
  Kokkos::parallel_for("thomas", lower.extent(0), KOKKOS_LAMBDA(const int s) {
    for (int k = 1; k < n; ++k) {
      const double w = lower(s, k) / (diagonal(s, k - 1) + 3.0);
      diagonal(s, k) -= w * upper(s, k - 1);
      d(s, k) -= w * d(s, k - 1);
    }
    d(s, n - 1) /= diagonal(s, n - 1) + 3.0;
    for (int k = n - 2; k >= 0; --k) d(s, k) = (d(s, k) - upper(s, k) * d(s, k + 1)) / (diagonal(s, k) + 3.0);
  });
}

void factorised(Cube A) {
  const int n = A.extent(1);
  Kokkos::parallel_for("lu", A.extent(0), KOKKOS_LAMBDA(const int e) {
    for (int k = 0; k < n; ++k)
      for (int i = k + 1; i < n; ++i) {
        A(e, i, k) /= 2.0 + A(e, k, k);
        for (int j = k + 1; j < n; ++j) A(e, i, j) -= A(e, i, k) * A(e, k, j);
      }
  });
}

void cholesky(Cube A) {
  const int n = A.extent(1);
  Kokkos::parallel_for("cholesky", A.extent(0), KOKKOS_LAMBDA(const int e) {
    for (int j = 0; j < n; ++j) {
      double d = A(e, j, j) + n;
      for (int k = 0; k < j; ++k) d -= A(e, j, k) * A(e, j, k);
      A(e, j, j) = sqrt(d);
      for (int i = j + 1; i < n; ++i) {
        double s = A(e, i, j);
        for (int k = 0; k < j; ++k) s -= A(e, i, k) * A(e, j, k);
        A(e, i, j) = s / A(e, j, j);
      }
    }
  });
}

// Pressure from top to bottom; the loop goes on while there is a next level.
void hydrostatic(Matrix q, Matrix p, double g) {
  Kokkos::parallel_for("hydrostatic", q.extent(0), KOKKOS_LAMBDA(const int column) {
    p(column, 0) = 1.0;
    for (size_t k = 0; k + 1 < q.extent(1); ++k) p(column, k + 1) = p(column, k) * (1.0 + g * q(column, k));
  });
}

// What is compared decides which elements trade places.
void sorted_rows(Matrix x) {
  const int m = x.extent(1);
  Kokkos::parallel_for("sort", x.extent(0), KOKKOS_LAMBDA(const int i) {
    for (int pass = 0; pass < m; ++pass)
      for (int j = 0; j + 1 < m; ++j)
        if (x(i, j) > x(i, j + 1)) {
          const double t = x(i, j);
          x(i, j) = x(i, j + 1);
          x(i, j + 1) = 1.1 * t;
        }
  });
}

// A work array of the caller, filled and read by every step.
void stepped_cells(Matrix y, Matrix work, double h, int steps) {
  Kokkos::parallel_for("cells", y.extent(0), KOKKOS_LAMBDA(const int i) {
    for (int s = 0; s < steps; ++s) {
      for (int k = 0; k < 3; ++k) work(i, k) = y(i, (k + 1) % 3) * y(i, k) - 0.1 * y(i, k);
      for (int k = 0; k < 3; ++k) y(i, k) += h * work(i, k);
    }
  });
}

void normalised(Matrix x) {
  Kokkos::parallel_for("normalise", x.extent(0), KOKKOS_LAMBDA(const int i) {
    auto row = Kokkos::subview(x, i, Kokkos::ALL);
    double squares = 0;
    for (size_t j = 0; j < row.extent(0); ++j) squares += row(j) * row(j);
    const double inverse = 1 / sqrt(squares);
    for (size_t j = 0; j < row.extent(0); ++j) row(j) *= inverse;
    for (size_t j = 1; j < row.extent(0); ++j) row(j) = row(j - 1) * row(j);
  });
}

// Relaxation along lines, in a loop on the host: one record per sweep.
double relaxed(Matrix u, Matrix f, int sweeps) {
  const int n = u.extent(0), m = u.extent(1);
  for (int s = 0; s < sweeps; ++s)
    Kokkos::parallel_for("line", n, KOKKOS_LAMBDA(const int i) {
      for (int j = 1; j < m - 1; ++j) u(i, j) = 0.5 * (u(i, j - 1) * u(i, j + 1) + f(i, j));
    });
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& sum) {
    for (int j = 0; j < m; ++j) sum += u(i, j) * u(i, j);
  }, r);
  return r;
}

// As many entries as a row has, and room for as many as the longest row has.
void scaled_rows(Indices count, Matrix value) {
  Kokkos::parallel_for("rows", count.extent(0), KOKKOS_LAMBDA(const int i) {
    for (int k = 1; k < count(i); ++k) value(i, k) *= value(i, k - 1);
    for (int k = 0; k + 1 < count(i); ++k) value(i, k) += sin(value(i, k + 1) * value(i, k));
  });
}

// Two ranges; the steps go on until the change is small, at most `most` times.
void settled(Cube u, int most, double tolerance) {
  const int m = u.extent(2);
  using Policy = Kokkos::MDRangePolicy<Kokkos::Rank<2>>;
  Kokkos::parallel_for("settle", Policy({0, 0}, {u.extent(0), u.extent(1)}), KOKKOS_LAMBDA(const int i, const int j) {
    double change = 1.0;
    int step = 0;
    while (change > tolerance && step < most) {
      change = 0;
      for (int k = 1; k < m; ++k) {
        const double old = u(i, j, k);
        u(i, j, k) = 0.5 * (old + u(i, j, k - 1) * u(i, j, k - 1));
        change += fabs(u(i, j, k) - old);
      }
      ++step;
    }
  });
}

// Integers in place too: which element is read depends on what was swapped before.
void shuffled(Kokkos::View<int**> order, Matrix x, Vector out) {
  const int m = x.extent(1);
  Kokkos::parallel_for("shuffle", x.extent(0), KOKKOS_LAMBDA(const int i) {
    double s = 1.0;
    for (int k = 0; k + 1 < m; ++k) {
      const int t = order(i, k);
      order(i, k) = order(i, k + 1);
      order(i, k + 1) = t;
      s = s * x(i, order(i, k)) + x(i, order(i, k + 1));
      x(i, order(i, k)) = s;
    }
    out(i) = s;
  });
}

// Work shared out by hand: the whole row is read after all threads have changed it.
void by_rank(Matrix A, Vector x, Vector out) {
  const int n = A.extent(0), m = A.extent(1);
  Kokkos::parallel_for("rows", Kokkos::TeamPolicy<>(n, 2), KOKKOS_LAMBDA(const Kokkos::TeamPolicy<>::member_type& t) {
    const int r = t.league_rank();
    for (int j = t.team_rank(); j < m; j += t.team_size()) A(r, j) = A(r, j) * x(j);
    t.team_barrier();
    Kokkos::single(Kokkos::PerTeam(t), [&]() {
      double s = 0;
      for (int j = 0; j < m; ++j) s += A(r, j) * A(r, j);
      out(r) = sin(s);
    });
  });
}

// Single precision, a branch, and a value that only one of its sides reads.
void limited(Kokkos::View<float**> u, Kokkos::View<float*> limit) {
  const int m = u.extent(1);
  Kokkos::parallel_for("limit", u.extent(0), KOKKOS_LAMBDA(const int i) {
    for (int k = m - 1; k > 0; --k) {
      if (u(i, k) > limit(k)) {
        u(i, k - 1) += 0.5f * u(i, k) * u(i, k);
        u(i, k) = limit(k) * u(i, k - 1);
      } else {
        u(i, k - 1) *= 1.5f;
      }
    }
  });
}

// Counting down, left early: the counter bounds the loop all the same.
void until_large(Matrix a, int m) {
  Kokkos::parallel_for("until", a.extent(0), KOKKOS_LAMBDA(const int i) {
    for (int k = m - 1; k >= 0; --k) {
      if (a(i, 0) > 0.9) break;
      a(i, 0) *= 1.0 + 0.5 * a(i, k % 3);
      a(i, k % 3) += a(i, 0);
    }
    int k = 0;
    while (k < m) {
      ++k;
      if (a(i, 2) > 5.0) return;
      a(i, 1) *= 1.0 + 0.1 * a(i, k % 3);
    }
  });
}
