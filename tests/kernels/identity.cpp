// View variables that stand for one View after another: assignment, swaps, other sizes, wrapped memory.

#include <Kokkos_Core.hpp>

#include <cmath>
#include <utility>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;

void swap_in_time_loop(Vector u, Vector v, double dt, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = u(i) + dt * u(i) * u((i + 1) % n); });
    std::swap(u, v);
  }
}

double swap_and_use(In x, int n, int steps) {
  Vector a("a", n), b("b", n);
  Kokkos::deep_copy(a, x);
  double r = 0;
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { b(i) = sin(a(i)) * a((i + 1) % n) + 0.1 * b(i); });
    double s = 0;
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += b(i) * a(i); }, s);
    r += s * s;
    std::swap(a, b);
  }
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { a(i) *= x(i); });
  double q = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += a(i) * a(i) + b(i); }, q);
  return q + r;
}

// Three time levels; the oldest is written next.
double leapfrog(In x, int n, int steps) {
  Vector old("old", n), now("now", n), next("next", n);
  Kokkos::deep_copy(old, x);
  Kokkos::deep_copy(now, x);
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { next(i) = 2 * now(i) - old(i) - 0.1 * now(i) * now(i); });
    Vector recycled = old;
    old = now;
    now = next;
    next = recycled;
  }
  double q = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += now(i) * old(i); }, q);
  return q;
}

void swapped_in_branch(Vector u, Vector v, double a, int n) {
  if (a > 0.5) std::swap(u, v);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = u(i) * v(i); });
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = sin(u(i)) * a; });
}

void swapped_sometimes(Vector u, Vector v, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) += u(i) * u(i); });
    if (t % 3 != 1) std::swap(u, v);
  }
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) *= 2 + v(i); });
}

void nested_swaps(Vector u, Vector v, int n, int outer, int inner) {
  for (int s = 0; s < outer; ++s) {
    for (int t = 0; t < inner; ++t) {
      Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = 0.5 * v(i) + u(i) * u(i); });
      std::swap(u, v);
    }
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = cos(v(i)) * u(i); });
  }
}

inline void advance(Vector& from, Vector& to, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { to(i) = from(i) * from((i + 1) % n); });
  std::swap(from, to);
}

double swapped_by_helper(Vector u, Vector v, int n, int steps) {
  for (int t = steps; t > 0; --t) advance(u, v, n);
  double q = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += u(i) * u(i); }, q);
  return q;
}

double chosen_view(In x, In y, int mode, int n) {
  In source = x;
  if (mode == 1) {
    source = y;
  } else if (mode == 2) {
    source = Kokkos::subview(x, std::make_pair(1, n));
  }
  double q = 0;
  Kokkos::parallel_reduce(source.extent(0), KOKKOS_LAMBDA(int i, double& sum) { sum += source(i) * source(0); }, q);
  return q * n;
}

double wrapped(Vector x, int n, int m) {
  Kokkos::View<double**, Kokkos::LayoutRight, Kokkos::MemoryUnmanaged> rows(x.data(), n, m);
  Kokkos::View<double**, Kokkos::LayoutLeft, Kokkos::MemoryTraits<Kokkos::Unmanaged>> columns(x.data(), n, m);
  double q = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    for (int j = 0; j < m; ++j) s += rows(i, j) * columns(i, j);
  }, q);
  return q;
}

void local_buffer(Vector y, In x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    double buffer[4];
    Kokkos::View<double[2][2], Kokkos::LayoutRight, Kokkos::MemoryUnmanaged> a(buffer);
    for (int j = 0; j < 2; ++j) {
      for (int k = 0; k < 2; ++k) a(j, k) = x(i) * (j + 2 * k);
    }
    y(i) = a(0, 1) * buffer[3] + a(1, 0) * x(i);
  });
}

inline Vector made(In x, int n) {
  Vector v("made", n);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = x(i) * x(i); });
  return v;
}

KOKKOS_INLINE_FUNCTION auto row(const Matrix& a, int i) { return Kokkos::subview(a, i, Kokkos::ALL); }

inline Vector larger(Vector a, Vector b, bool first) {
  if (first) return a;
  return b;
}

double returned_views(Matrix a, In x, int n, int mode) {
  Vector v = made(x, n);
  Vector w = made(v, n);
  Vector chosen = larger(v, w, mode > 0);
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) {
    const auto mine = row(a, i);
    s += mine(0) * row(a, n - 1 - i)(1) * chosen(i) + w(i);
  }, r);
  return r;
}

// The number of steps, and so which View is which, depends on the data.
double converges(Vector u, Vector v, int n, double limit) {
  double change = 1;
  int steps = 0;
  while (change > limit) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { v(i) = 0.5 * u(i) + 0.1 * u(i) * u((i + 1) % n); });
    change = 0;
    Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += (u(i) - v(i)) * (u(i) - v(i)); }, change);
    std::swap(u, v);
    ++steps;
    if (steps == 20) break;
  }
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += u(i) * u(i) + v(i); }, r);
  return r;
}

struct Fields {
  Vector now, next;
  double dt;
  void step(int n) {
    auto a = now;
    auto b = next;
    const double h = dt;
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { b(i) = a(i) + h * a(i) * a((i + 1) % n); });
    std::swap(now, next);
  }
};

double swapped_members(Vector u, double dt, int n, int steps) {
  Fields f{u, Vector("next", n), dt};
  for (int t = 0; t < steps; ++t) f.step(n);
  auto last = f.now;
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += last(i) * last(i); }, r);
  return r;
}
