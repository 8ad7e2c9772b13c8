// Reductions and scans where they are easily got wrong.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;
using Index = Kokkos::View<const int*>;

// The adjoint shares its launch with an extremum that nobody differentiates.
double extremum_beside_scatter(In x, Index idx, int& most, int n) {
  double s = 0;
  Kokkos::parallel_reduce("both", n, KOKKOS_LAMBDA(int i, double& sum, int& m) {
    sum += x(idx(i)) * x(idx(i)) * x((i + 1) % n);
    m = idx(i) > m ? idx(i) : m;
  }, s, Kokkos::Max<int>(most));
  return s;
}

double two_zeros(In x, double shift, int n) {
  double p = 0, q = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& f) { f *= x(i % 3) - shift; }, Kokkos::Prod<double>(p));
  Kokkos::parallel_reduce(3, KOKKOS_LAMBDA(int i, double& f) { f *= x(i) - shift; }, Kokkos::Prod<double>(q));
  return p + q * x.extent(0);
}

double product_in_place(Vector u, In f, int n) {
  double p = 0;
  Kokkos::parallel_reduce("scale", n, KOKKOS_LAMBDA(int i, double& q) {
    u(i) = u(i) * f(i) + 0.5;
    q *= u(i);
  }, Kokkos::Prod<double>(p));
  return p;
}

double shifted_range(In x, int n) {
  double m = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<Kokkos::IndexType<long>>(-2, n - 2),
      KOKKOS_LAMBDA(long i, double& best) { best = fmax(best, sin(x(i + 2) * (i + 3))); },
      Kokkos::Max<double>(m));
  return m;
}

double unsigned_range(In x, unsigned first, unsigned last) {
  double m = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<Kokkos::IndexType<unsigned>>(first, last),
      KOKKOS_LAMBDA(unsigned i, double& best) { best = fmin(best, x(i) * x(i)); }, Kokkos::Min<double>(m));
  return m > 1e300 ? 3.0 : m;
}

// Captured before it is overwritten with the result.
double result_in_body(In x, int n) {
  double m = x.extent(0) * 0.25;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& best) { best = fmax(best, m * x(i)); },
                          Kokkos::Max<double>(m));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& best) { best = fmax(best, m * x(i) * x(i)); },
                          Kokkos::Max<double>(m));
  return m;
}

double in_branches(In x, double limit, int n) {
  double m = 0, r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& best) { best = fmax(best, x(i)); },
                          Kokkos::Max<double>(m));
  if (m > limit) {
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& best) { best = fmin(best, x(i) * m); },
                            Kokkos::Min<double>(r));
  } else {
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& f) { f *= x(i) + m; }, Kokkos::Prod<double>(r));
  }
  return r * m;
}

// The place of the largest element moves from step to step; its neighbours are changed.
void chase(Vector u, double dt, int n, int steps) {
  using Reducer = Kokkos::MaxLoc<double, int>;
  for (int k = 0; k < steps; ++k) {
    Reducer::value_type top;
    Kokkos::parallel_reduce("top", n, KOKKOS_LAMBDA(int i, Reducer::value_type& best) {
      if (u(i) > best.val) {
        best.val = u(i);
        best.loc = i;
      }
    }, Reducer(top));
    const int at = top.loc;
    const double value = top.val;
    Kokkos::parallel_for("move", n, KOKKOS_LAMBDA(int i) {
      if (i == at) {
        u(i) *= 0.4;
      } else {
        u(i) += dt * value * u(i);
      }
    });
  }
}

struct RunningSum {
  Vector y;
  In x;
  double a;
  KOKKOS_INLINE_FUNCTION void operator()(const int i, double& sum, const bool final) const {
    sum += a * x(i) * x(i);
    if (final) y(i) = std::exp(-sum);
  }
};

double functor_scan(Vector y, In x, double a, int n) {
  double total = 0;
  Kokkos::parallel_scan("running", n, RunningSum{y, x, a});
  Kokkos::parallel_scan("again", Kokkos::RangePolicy<>(0, n), RunningSum{y, x, 2 * a}, total);
  return total;
}

// Every step needs the sums of the step, through a nonlinear function.
double scan_in_loop(Vector u, double dt, int n, int steps) {
  double r = 0;
  for (int k = 0; k < steps; ++k) {
    Kokkos::parallel_scan("flux", n, KOKKOS_LAMBDA(int i, double& sum, bool final) {
      if (final) u(i) = u(i) * exp(-dt * sum * sum);
      sum += dt * k;
    });
    double total = 0;
    Kokkos::parallel_scan("sum", n, KOKKOS_LAMBDA(int i, double& sum, bool final) {
      const double own = u(i);
      sum += own * own;
      if (final) u(i) = own + sin(sum);
    }, total);
    r += total * total;
  }
  return r;
}

double scan_if(Vector y, In x, int n, bool twice) {
  double total = 1;
  if (twice) {
    Kokkos::parallel_scan("scan", n, KOKKOS_LAMBDA(int i, double& sum, bool final) {
      sum += x(i);
      if (final) y(i) = sum * sum * y(i);
    }, total);
  }
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) *= total; });
  return total;
}

double league_max(Kokkos::View<double**> A, int n, int m) {
  using Policy = Kokkos::TeamPolicy<>;
  double r = 0;
  Kokkos::parallel_reduce("league", Policy(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Policy::member_type& team, double& best) {
    const int i = team.league_rank();
    double row = 0;
    Kokkos::parallel_reduce(Kokkos::TeamThreadRange(team, m), [&](int j, double& s) { s += A(i, j) * A(i, j); }, row);
    best = fmax(best, row);
  }, Kokkos::Max<double>(r));
  return sqrt(r);
}
