// Whole small applications: several features at once.
#include <Kokkos_Core.hpp>
#include <cmath>
#include <utility>

namespace hydro {

struct Gas {
  double gamma, floor;
  KOKKOS_INLINE_FUNCTION double pressure(double rho, double e) const {
    return fmax((gamma - 1.0) * rho * e, floor);
  }
  KOKKOS_INLINE_FUNCTION double sound(double rho, double p) const { return sqrt(gamma * p / rho); }
};

struct State {
  double rho, momentum, energy;
  KOKKOS_INLINE_FUNCTION State operator+(const State& o) const {
    return {rho + o.rho, momentum + o.momentum, energy + o.energy};
  }
  KOKKOS_INLINE_FUNCTION State operator*(double s) const { return {rho * s, momentum * s, energy * s}; }
};
KOKKOS_INLINE_FUNCTION State operator-(const State& a, const State& b) { return a + b * -1.0; }

template <class Real>
KOKKOS_INLINE_FUNCTION Real minmod(Real a, Real b) {
  if (a * b <= 0) return 0;
  return fabs(a) < fabs(b) ? a : b;
}

using Cells = Kokkos::View<double* [3]>;

// Rusanov fluxes between cells, densities reconstructed with limited slopes.
struct Fluxes {
  Cells u, f;
  Gas gas;
  KOKKOS_INLINE_FUNCTION State load(int i) const { return {u(i, 0), u(i, 1), u(i, 2)}; }
  KOKKOS_INLINE_FUNCTION double energy(const State& s) const {
    const double v = s.momentum / s.rho;
    return s.energy / s.rho - 0.5 * v * v;
  }
  KOKKOS_INLINE_FUNCTION State flux(const State& s) const {
    const double v = s.momentum / s.rho, p = gas.pressure(s.rho, energy(s));
    return {s.momentum, s.momentum * v + p, (s.energy + p) * v};
  }
  KOKKOS_INLINE_FUNCTION double fastest(const State& s) const {
    return fabs(s.momentum / s.rho) + gas.sound(s.rho, gas.pressure(s.rho, energy(s)));
  }
  KOKKOS_INLINE_FUNCTION void operator()(const int i) const {
    State l = load(i), r = load(i + 1);
    if (i > 0 && i < static_cast<int>(u.extent(0)) - 2) {
      l.rho += 0.5 * minmod(u(i, 0) - u(i - 1, 0), u(i + 1, 0) - u(i, 0));
      r.rho -= 0.5 * minmod(u(i + 1, 0) - u(i, 0), u(i + 2, 0) - u(i + 1, 0));
    }
    const State g = (flux(l) + flux(r)) * 0.5 - (r - l) * (0.5 * fmax(fastest(l), fastest(r)));
    f(i, 0) = g.rho;
    f(i, 1) = g.momentum;
    f(i, 2) = g.energy;
  }
};

}  // namespace hydro

// A shock tube with a time step from the fastest wave; how far its density is from a target.
double shock_tube(hydro::Cells u, Kokkos::View<const double*> target, double gamma, double dx, int steps) {
  const int n = u.extent(0);
  hydro::Cells f("f", n), next("next", n);
  const hydro::Gas gas{gamma, 1e-8};
  double t = 0;
  for (int s = 0; s < steps; ++s) {
    double fastest = 0;
    Kokkos::parallel_reduce(
        "dt", n,
        KOKKOS_LAMBDA(const int i, double& m) {
          const hydro::Fluxes here{u, f, gas};
          m = fmax(m, here.fastest(here.load(i)));
        },
        Kokkos::Max<double>(fastest));
    const double dt = 0.4 * dx / fastest;
    Kokkos::parallel_for("flux", n - 1, hydro::Fluxes{u, f, gas});
    Kokkos::parallel_for(
        "update", Kokkos::MDRangePolicy<Kokkos::Rank<2>>({0, 0}, {n, 3}), KOKKOS_LAMBDA(const int i, const int c) {
          next(i, c) = i == 0 || i == n - 1 ? u(i, c) : u(i, c) - dt / dx * (f(i, c) - f(i - 1, c));
        });
    std::swap(u, next);
    t += dt;
  }
  double error = 0;
  Kokkos::parallel_reduce(
      "error", n,
      KOKKOS_LAMBDA(const int i, double& sum) {
        const double d = u(i, 0) - target(i);
        sum += d * d;
      },
      error);
  return error + 0.01 * t;
}

// Newton's method in every cell, until converged.
double implicit_cells(Kokkos::View<const double*> load, Kokkos::View<double*> stiffness, double tolerance) {
  double work = 0;
  Kokkos::parallel_reduce(
      load.extent(0),
      KOKKOS_LAMBDA(const int i, double& sum) {
        double x = load(i);
        for (int k = 0; k < 50; ++k) {
          const double r = x * x * x + stiffness(i) * x - load(i);
          if (fabs(r) < tolerance) break;
          x -= r / (3.0 * x * x + stiffness(i));
        }
        stiffness(i) += x * x;
        sum += 0.5 * stiffness(i) * x;
      },
      work);
  return work;
}

// Conjugate gradients on a compressed-row matrix with teams, until the residual is small.
double conjugate_gradients(Kokkos::View<const double*> values, Kokkos::View<const int*> columns,
                           Kokkos::View<const int*> rows, Kokkos::View<const double*> b, Kokkos::View<double*> x,
                           double tolerance) {
  using Policy = Kokkos::TeamPolicy<>;
  const int n = b.extent(0);
  Kokkos::View<double*> r("r", n), p("p", n), ap("ap", n);
  Kokkos::deep_copy(r, b);
  Kokkos::deep_copy(p, b);
  Kokkos::deep_copy(x, 0.0);
  double rr = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) { s += r(i) * r(i); }, rr);
  int iterations = 0;
  while (rr > tolerance && iterations < 3) {
    Kokkos::parallel_for(
        "spmv", Policy(n, Kokkos::AUTO), KOKKOS_LAMBDA(const Policy::member_type& team) {
          const int i = team.league_rank();
          double sum = 0;
          Kokkos::parallel_reduce(
              Kokkos::TeamThreadRange(team, rows(i), rows(i + 1)),
              [&](const int k, double& s) { s += values(k) * p(columns(k)); }, sum);
          Kokkos::single(Kokkos::PerTeam(team), [&]() { ap(i) = sum; });
        });
    double pap = 0;
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) { s += p(i) * ap(i); }, pap);
    const double alpha = rr / pap;
    double next = 0;
    Kokkos::parallel_reduce(
        n,
        KOKKOS_LAMBDA(const int i, double& s) {
          x(i) += alpha * p(i);
          r(i) -= alpha * ap(i);
          s += r(i) * r(i);
        },
        next);
    const double beta = next / rr;
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(const int i) { p(i) = r(i) + beta * p(i); });
    rr = next;
    ++iterations;
  }
  double energy = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(const int i, double& s) { s += x(i) * b(i); }, energy);
  return energy;
}

// Two fields that react and diffuse, in an object that owns them.
struct Reaction {
  using Field = Kokkos::View<double**>;
  Field u, v, next_u, next_v;
  double feed, kill, dt;
  int n;
  Reaction(int n_, double feed_, double kill_)
      : u("field", n_ + 2, n_ + 2), v("field", n_ + 2, n_ + 2), next_u("field", n_ + 2, n_ + 2),
        next_v("field", n_ + 2, n_ + 2), feed(feed_), kill(kill_), dt(0.2), n(n_) {}
  KOKKOS_INLINE_FUNCTION static double laplacian(int i, int j, const Field& f) {
    return 0.25 * (f(i - 1, j) + f(i + 1, j) + f(i, j - 1) + f(i, j + 1)) - f(i, j);
  }
  void step() {
    const auto u_ = u, v_ = v, to_u = next_u, to_v = next_v;
    const double f = feed, k = kill, h = dt;
    Kokkos::parallel_for(
        "react", Kokkos::MDRangePolicy<Kokkos::Rank<2>>({1, 1}, {n + 1, n + 1}),
        KOKKOS_LAMBDA(const int i, const int j) {
          const double uvv = u_(i, j) * v_(i, j) * v_(i, j);
          to_u(i, j) = u_(i, j) + h * (0.2 * laplacian(i, j, u_) - uvv + f * (1.0 - u_(i, j)));
          to_v(i, j) = v_(i, j) + h * (0.1 * laplacian(i, j, v_) + uvv - (f + k) * v_(i, j));
        });
    std::swap(u, next_u);
    std::swap(v, next_v);
  }
};

double reaction(Kokkos::View<const double**> u0, Kokkos::View<const double**> v0, double feed, double kill, int n,
                int steps) {
  Reaction r(n, feed, kill);
  Kokkos::deep_copy(r.u, u0);
  Kokkos::deep_copy(r.v, v0);
  for (int s = 0; s < steps; ++s) r.step();
  double sum = 0;
  const auto v = r.v;
  Kokkos::parallel_reduce(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>({1, 1}, {n + 1, n + 1}),
      KOKKOS_LAMBDA(const int i, const int j, double& s) { s += v(i, j) * v(i, j); }, sum);
  return sum / (n * n);
}
