// Objects of the user's classes as local variables.
#include <Kokkos_Core.hpp>
#include <cmath>

struct Point {
  double x, y;
};

struct Vec3 {
  double v[3];
  KOKKOS_INLINE_FUNCTION Vec3() : v{0.0, 0.0, 0.0} {}
  KOKKOS_INLINE_FUNCTION Vec3(double a, double b, double c) : v{a, b, c} {}
  KOKKOS_INLINE_FUNCTION double& operator[](int i) { return v[i]; }
  KOKKOS_INLINE_FUNCTION const double& operator[](int i) const { return v[i]; }
  KOKKOS_INLINE_FUNCTION Vec3& operator+=(const Vec3& o) {
    for (int i = 0; i < 3; ++i) v[i] += o.v[i];
    return *this;
  }
  KOKKOS_INLINE_FUNCTION double dot(const Vec3& o) const {
    double s = 0;
    for (int i = 0; i < 3; ++i) s += v[i] * o[i];
    return s;
  }
};

KOKKOS_INLINE_FUNCTION Vec3 operator+(Vec3 a, const Vec3& b) {
  a += b;
  return a;
}

KOKKOS_INLINE_FUNCTION Vec3 operator*(double s, const Vec3& a) {
  return Vec3(s * a[0], s * a[1], s * a[2]);
}

KOKKOS_INLINE_FUNCTION Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

struct Particle {
  Vec3 position;
  double mass = 2.0;
  Point charge{1.0, -1.0};
  double energy() const { return 0.5 * mass * position.dot(position) + charge.x * charge.y; }
};

struct Base {
  double scale;
  KOKKOS_INLINE_FUNCTION explicit Base(double s) : scale(s) {}
  KOKKOS_INLINE_FUNCTION double scaled(double a) const { return scale * a; }
};

struct Derived : Base {
  double shift = 1.0;
  KOKKOS_INLINE_FUNCTION Derived(double s, double t) : Base(s * s), shift(t) { shift += scale; }
  KOKKOS_INLINE_FUNCTION Derived() : Derived(2.0, 3.0) {}
  KOKKOS_INLINE_FUNCTION double both(double a) const { return scaled(a) + this->shift; }
};

template <class T>
struct Dual {
  T value;
  T slope{};
  KOKKOS_INLINE_FUNCTION Dual(T v) : value(v) {}
  KOKKOS_INLINE_FUNCTION Dual(T v, T s) : value(v), slope(s) {}
  KOKKOS_INLINE_FUNCTION friend Dual operator*(const Dual& a, const Dual& b) {
    return Dual(a.value * b.value, a.slope * b.value + a.value * b.slope);
  }
};

double members(Kokkos::View<const double*> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Point p = {x(i), 2.0};
        p.y = p.x * p.x;
        Point q = p;
        q.x *= p.y;
        s += q.x * q.y + p.x;
      },
      r);
  return r;
}

double member_functions(Kokkos::View<const double* [3]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Vec3 a(x(i, 0), x(i, 1), x(i, 2)), b;
        b[1] = x(i, 0) * x(i, 2);
        b += a;
        const Vec3 c = cross(a, b) + 0.5 * a;
        s += c.dot(a) + c[2];
      },
      r);
  return r;
}

void changed_in_loops(Kokkos::View<const double*> x, Kokkos::View<double*> y) {
  Kokkos::parallel_for(
      y.extent(0), KOKKOS_LAMBDA(const int i) {
        Point p{x(i), 1.0};
        for (int k = 0; k < 4; ++k) {
          p.y = p.y * p.x + 0.1;
          if (p.y > 0.3) p.x = 0.5 * p.x * p.y;
        }
        y(i) = p.x + p.y * p.y;
      });
}

double nested(Kokkos::View<const double* [3]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Particle p;
        for (int d = 0; d < 3; ++d) p.position[d] = x(i, d) * x(i, (d + 1) % 3);
        p.mass = x(i, 0);
        p.charge.x = p.mass * x(i, 1);
        Particle q = p;
        q.position = cross(p.position, q.position) + p.position;
        q.charge = {q.mass, p.charge.x};
        s += q.energy() + p.energy();
      },
      r);
  return r;
}

double inherited(Kokkos::View<const double*> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Derived d(x(i), 2.0 * x(i)), e;
        Base& base = e;
        base.scale = std::sin(x(i));
        const Base copy = d;
        s += d.both(x(i)) * e.both(x(i)) + copy.scaled(3.0);
      },
      r);
  return r;
}

double of_class_template(Kokkos::View<const double*> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Dual<double> a(x(i), 1.0), b(x(i) * x(i));
        Dual<double> c = a * b * a;
        s += c.value * c.slope;
      },
      r);
  return r;
}

double arrays_of_objects(Kokkos::View<const double* [3]> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        Vec3 corner[3];
        Point points[2] = {{x(i, 0), 1.0}, {2.0, x(i, 1)}};
        for (int a = 0; a < 3; ++a) {
          for (int d = 0; d < 3; ++d) corner[a][d] = x(i, d) * (a + 1) + points[1].y;
          points[0].y += points[a % 2].x * corner[a].v[1];
        }
        Vec3& first = corner[0];
        first += corner[2];
        points[1] = points[0];
        s += corner[0].dot(corner[1]) + points[1].x * points[1].y;
      },
      r);
  return r;
}

KOKKOS_INLINE_FUNCTION Point chosen(double a, double b) {
  if (a < b) return {a, b * b};
  Point p = {b, a};
  p.x *= a;
  return p;
}

double returned_from_branches(Kokkos::View<const double*> x) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& s) {
        const Point p = chosen(x(i), 0.5);
        Point q = x(i) > 0.7 ? p : Point{x(i) * x(i), 1.0};
        if (q.y > p.x) q = chosen(p.y, q.x);
        s += p.x * p.y + q.x * q.y;
      },
      r);
  return r;
}

KOKKOS_INLINE_FUNCTION void advance(Point& p, const Point& by, double* rest) {
  p.x += by.x * by.y;
  p.y = p.x * by.x;
  *rest = p.x - by.y;
}

void by_reference(Kokkos::View<const double*> x, Kokkos::View<double*> y) {
  Kokkos::parallel_for(
      y.extent(0), KOKKOS_LAMBDA(const int i) {
        Point p{x(i), 2.0};
        double rest = 0;
        advance(p, p, &rest);
        Point* q = &p;
        q->x *= rest;
        y(i) = q->x * p.y;
      });
}

void captured(Kokkos::View<const double*> x, Kokkos::View<double*> y, double a) {
  const Point weights{a, a * a};
  Point shift = {a, 1.0};
  shift.y += shift.x;
  Kokkos::parallel_for(
      y.extent(0), KOKKOS_LAMBDA(const int i) { y(i) = weights.y * x(i) * x(i) + shift.y; });
}

// Enumerations as parameters and members, one of which the function changes.
namespace shapes {
enum class Geometry { RECTANGLE, CIRCLE };
enum Solver { DIRECT, ITERATIVE };
struct State {
  Geometry geometry;
  double radius;
  Solver solver;
};
}  // namespace shapes

void enumerations(Kokkos::View<double*> x, shapes::State& state, shapes::Geometry g, shapes::Solver s, double a) {
  Kokkos::parallel_for(x.extent(0), KOKKOS_LAMBDA(const int i) {
    if (state.geometry == shapes::Geometry::CIRCLE) x(i) *= state.radius;
    if (g == shapes::Geometry::RECTANGLE && s == shapes::DIRECT) x(i) += a * a;
    if (state.solver == shapes::ITERATIVE) x(i) = sin(x(i));
  });
  if (state.solver == shapes::ITERATIVE) state.geometry = g;
}
