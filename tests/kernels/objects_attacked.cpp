// Objects in the ways that go wrong most easily.
#include <Kokkos_Core.hpp>
#include <array>
#include <cmath>

struct Pt {
  double x, y;
  KOKKOS_INLINE_FUNCTION Pt mixed(const Pt& o) const { return {x * o.y, y - o.x}; }
  KOKKOS_INLINE_FUNCTION Pt& operator*=(const Pt& o) {
    x *= o.x;  // o may be *this: then o.x has changed already
    y *= o.x;
    return *this;
  }
  KOKKOS_INLINE_FUNCTION double& first() { return x; }
};

struct Box {
  Pt low, high;
  std::array<Pt, 2> corner;
  double w[2][2] = {{1.0, 2.0}, {3.0, 4.0}};
  double area = (high.x - low.x) * 2.0;
};

struct Counter {
  double sum = 0;
  int n = 0;
  KOKKOS_INLINE_FUNCTION void add(double v) {
    sum += v * v;
    ++n;
  }
  KOKKOS_INLINE_FUNCTION double mean() const { return n > 0 ? sum / n : 0.0; }
};

struct Ref {
  double& target;
  const Pt& point;
  KOKKOS_INLINE_FUNCTION void apply(double s) { target += s * point.x; }
};

KOKKOS_INLINE_FUNCTION void exchange(Pt& a, Pt& b) {
  const Pt t = a;
  a = b;
  b = t;
}

KOKKOS_INLINE_FUNCTION Pt by_value(Pt p, double s) {
  p.x *= s;
  p.y += p.x;
  return p;
}

double self_aliased(Kokkos::View<const double* [2]> u) {
  double r = 0;
  Kokkos::parallel_reduce(
      u.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Pt p{u(i, 0), u(i, 1)};
        p *= p;
        p = p.mixed(p);
        p = {p.y, p.x};
        exchange(p, p);
        const Pt q = by_value(p, p.x);
        s += p.x * q.y + q.x;
      },
      r);
  return r;
}

double defaults(Kokkos::View<const double* [2]> u) {
  double r = 0;
  Kokkos::parallel_reduce(
      u.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Box b{{u(i, 0), 1.0}, {u(i, 1), 2.0}, {{{u(i, 0), 3.0}, {4.0, u(i, 1)}}}};
        Box c = b;
        c.corner[1] = b.corner[0];
        c.corner[0].x *= c.corner[1].x;
        c.w[1][0] = b.area * c.corner[0].x;
        exchange(c.low, c.high);
        b.w[0][1] = c.w[1][0];
        s += b.area * c.low.x + c.corner[0].x * b.corner[1].y + c.w[1][0] * b.w[0][1] + c.w[1][1] * u(i, 0);
      },
      r);
  return r;
}

double counted(Kokkos::View<const double* [2]> u, int n) {
  double r = 0;
  Kokkos::parallel_reduce(
      u.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Counter all, none, half[2];
        for (int k = 0; k < n; ++k) all.add(u(i, k % 2) * (k + 1));
        for (int k = 0; k < 0; ++k) none.add(u(i, k));
        for (int k = 0; k < 5; ++k) {
          if (u(i, k % 2) < 0.5) continue;
          half[k % 2].add(u(i, 0) + all.sum);
          if (half[0].n == 2) break;
        }
        s += all.mean() + none.mean() + half[0].mean() * half[1].sum;
      },
      r);
  return r;
}

double by_member_reference(Kokkos::View<const double* [2]> u) {
  double r = 0;
  Kokkos::parallel_reduce(
      u.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Pt p{u(i, 0), u(i, 1)};
        double total = 1.0;
        Ref ref{total, p};
        ref.apply(p.y);
        p.x = total;
        ref.apply(p.x);
        Pt& alias = p;
        alias.first() *= 2.0;
        p.y = total * alias.y;
        s += total * p.x + p.y;
      },
      r);
  return r;
}

struct Cell {
  Pt a;
  double h[2];
};

void cells(Kokkos::View<Cell*> c, Kokkos::View<const Cell*> d, double q) {
  Kokkos::View<Cell*> old("old", c.extent(0));
  Kokkos::deep_copy(old, c);
  for (int step = 0; step < 2; ++step) {
    Kokkos::parallel_for(
        c.extent(0), KOKKOS_LAMBDA(const int i) {
          Cell mine = old(i);
          const Cell& other = d(i);
          mine.a *= other.a;
          for (int k = 0; k < 2; ++k) mine.h[k] += q * other.h[1 - k] * mine.a.x;
          c(i) = mine;
          c(i).a.y += old(i).h[0] * other.a.mixed(mine.a).y;
        });
    Kokkos::deep_copy(old, c);
  }
}

double moved_in_loop(Kokkos::View<const double* [2]> u) {
  double r = 0;
  Kokkos::parallel_reduce(
      u.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Pt previous{1.0, u(i, 0)}, now{u(i, 1), 0.5};
        std::array<Pt, 3> history{};
        for (int k = 0; k < 6; ++k) {
          const Pt next = now.mixed(previous);
          history[k % 3] = next;
          previous = now;
          now = next;
          now.y += 0.1 * history[(k + 1) % 3].x;
        }
        for (int k = 0; k < 3; ++k) s += history[k].x * history[k].y;
        s += now.x * previous.y;
      },
      r);
  return r;
}

float of_floats(Kokkos::View<const Kokkos::complex<float>*> z) {
  float r = 0;
  Kokkos::parallel_reduce(
      z.extent(0), KOKKOS_LAMBDA(const unsigned i, float& s) {
        Kokkos::complex<float> w = z(i);
        for (unsigned k = 0; k < 3; ++k) w = w * z(i) - 0.5f;
        s += w.real() - w.imag() * z(i).real();
      },
      r);
  return r;
}

double host_objects(Kokkos::View<const double*> x, double a, double b) {
  Pt p{a, b};
  double e = 0;
  for (int step = 0; step < 3; ++step) {
    double sum = 0;
    Kokkos::parallel_reduce(
        x.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += p.x * x(i) * x(i) + p.mixed(p).y; }, sum);
    p = {p.y, 0.1 * sum};
    e += sum * p.x;
  }
  return e;
}
