// Lambdas with names, captures of every kind, lambdas and functions as arguments, templates.
#include <Kokkos_Core.hpp>
#include <cmath>

double named_kernel(Kokkos::View<const double*> x, double a) {
  double s = 0;
  auto body = KOKKOS_LAMBDA(const int i, double& sum) { sum += a * x(i) * x(i); };
  Kokkos::parallel_reduce("named", x.extent(0), body, s);
  return s;
}

// a copy is made when the lambda is: a later change of `a` does not reach it
double captured_early(Kokkos::View<const double*> x, double a) {
  double s = 0, t = 0;
  const auto body = [=](const int i, double& sum) { sum += a * x(i) * x(i); };
  a = a * a;
  Kokkos::parallel_reduce("early", x.extent(0), body, s);
  Kokkos::parallel_reduce("late", x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += a * x(i); }, t);
  return s + 3 * t;
}

// a reference sees it
double captured_by_reference(Kokkos::View<const double*> x, double a) {
  double s = 0;
  const auto body = [&](const int i, double& sum) { sum += a * x(i) * x(i); };
  a = a * a;
  Kokkos::parallel_reduce("late", x.extent(0), body, s);
  return s;
}

double mixed_captures(Kokkos::View<const double*> x, double a, double b) {
  double s = 0;
  auto body = [=, &b, c = 2 * a, v = x](const int i, double& sum) { sum += a * x(i) * b + c * v(i) * v(i); };
  a = 7;
  b = b * b;
  Kokkos::parallel_reduce("late", x.extent(0), body, s);
  return s;
}

void helper_lambdas(Kokkos::View<double*> y, Kokkos::View<const double*> x, double a) {
  Kokkos::parallel_for(
      "helpers", x.extent(0), KOKKOS_LAMBDA(const int i) {
        const double xi = x(i);
        auto square = [](double v) { return v * v; };
        auto scaled = [&](double v) { return a * square(v) + xi; };
        auto generic = [=](auto v, int k) { return v * xi + k; };
        y(i) = scaled(xi) + generic(square(xi), 2) + generic(1, 3);
      });
}

// statements through a reference, in a loop and in branches
void changed_through_capture(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        double sum = 0, product = 1;
        const auto take = [&](double v) {
          if (v > 0.5) sum += v * v;
          product *= v;
        };
        for (int j = 0; j < n; ++j) take(x(j) + 0.1 * i);
        y(i) = sum * product;
      });
}

// a copy of a value that the loop goes on to change
void kept_in_loop(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        double p = x(i);
        const auto first = [=](double v) { return p * v; };
        double s = 0;
        for (int j = 0; j < 4; ++j) {
          const auto now = [p](double v) { return p * p * v; };
          p *= 1.5;
          s += first(x(j)) * now(x(i));
        }
        y(i) = s;
      });
}

void array_copied(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        double w[2] = {x(i), x(i) * x(i)};
        const auto old = [=](int k) { return w[k] * w[k]; };
        const auto live = [&](int k) { return w[k]; };
        w[0] = 3 * w[1];
        y(i) = old(0) + live(0) * old(1);
      });
}

double called_at_once(Kokkos::View<const double*> x, double a) {
  const double scale = [&] {
    if (a > 1) return a;
    return a * a;
  }();
  double s = 0;
  Kokkos::parallel_reduce(
      x.extent(0),
      KOKKOS_LAMBDA(const int i, double& sum) {
        const double v = [=]() -> double {
          if (x(i) > 0.5) return x(i) * x(i);
          return 2 * x(i);
        }();
        sum += v * scale;
      },
      s);
  return s;
}

// host lambdas that launch
void launching_lambda(Kokkos::View<double*> y, Kokkos::View<const double*> x, double a, int steps) {
  const auto step = [&](double h) {
    Kokkos::parallel_for("step", x.extent(0), KOKKOS_LAMBDA(const int i) { y(i) += h * y(i) * x(i); });
  };
  for (int k = 0; k < steps; ++k) {
    step(a);
    step(0.5 * a * a);
  }
}

template <class F>
KOKKOS_INLINE_FUNCTION double simpson(const F& f, double lo, double hi) {
  return (hi - lo) / 6 * (f(lo) + 4 * f(0.5 * (lo + hi)) + f(hi));
}

template <class F>
KOKKOS_INLINE_FUNCTION double newton(F&& f, double x) {
  for (int k = 0; k < 3; ++k) x -= f(x) / (2 * x);
  return x;
}

double lambda_arguments(Kokkos::View<const double*> x, double a) {
  double s = 0;
  Kokkos::parallel_reduce(
      x.extent(0),
      KOKKOS_LAMBDA(const int i, double& sum) {
        const double xi = x(i);
        sum += simpson([&](double t) { return std::exp(-a * t) * xi; }, 0, xi);
        sum += newton([=](auto t) { return t * t - a - xi; }, 1 + xi);
      },
      s);
  return s;
}

template <int N>
KOKKOS_INLINE_FUNCTION double power(double x) {
  if constexpr (N == 0)
    return 1;
  else
    return x * power<N - 1>(x);
}

template <class T, int N>
KOKKOS_INLINE_FUNCTION T horner(const T (&c)[N], T x) {
  T s = c[N - 1];
  for (int k = N - 2; k >= 0; --k) s = s * x + c[k];
  return s;
}

template <bool Damped>
KOKKOS_INLINE_FUNCTION double flux(double a, double b) {
  if (Damped) return 0.5 * (a + b) - 0.1 * (b - a) * (b - a);
  return a * b;
}

void templates(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        const double c[3] = {1, x(i), 0.5};
        const float f[2] = {0.5f, 0.25f};
        y(i) = power<5>(x(i)) + horner(c, x(i)) + flux<true>(x(i), 1) * flux<false>(x(i), 2) + horner(f, 2.f);
      });
}

KOKKOS_INLINE_FUNCTION double cube(double x) { return x * x * x; }

template <double (*F)(double)>
KOKKOS_INLINE_FUNCTION double twice(double x) {
  return F(x) + F(2 * x);
}

KOKKOS_INLINE_FUNCTION double thrice(double (*f)(double), double x) { return 3 * f(x); }

void functions_as_arguments(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        double (*const g)(double) = &cube;
        y(i) = twice<cube>(x(i)) + thrice(cube, x(i)) * g(x(i));
      });
}

// a launch in a function template, with a lambda handed on
template <class F>
inline void for_each(int n, F f) {
  Kokkos::parallel_for("for_each", n, f);
}

template <class T, class F>
T sum_of(int n, const F& f) {
  T s = 0;
  Kokkos::parallel_reduce("sum_of", n, KOKKOS_LAMBDA(const int i, T& sum) { sum += f(i); }, s);
  return s;
}

double launch_templates(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  for_each(n, KOKKOS_LAMBDA(const int i) { y(i) = x(i) * x(i); });
  return sum_of<double>(n, KOKKOS_LAMBDA(const int i) { return y(i) * y(i); });
}

void generic_kernels(Kokkos::View<double**> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(auto i) { y(i, 0) = x(i) * x(i); });
  Kokkos::parallel_for(Kokkos::RangePolicy<Kokkos::IndexType<int>>(1, n), [=](const auto& i) { y(i, 0) += x(i - 1); });
  Kokkos::MDRangePolicy<Kokkos::Rank<2>> square({0, 1}, {n, n});
  Kokkos::parallel_for(square, KOKKOS_LAMBDA(const auto i, const int j) { y(i, j) = x(i) * x(j) / (i + 1); });
}

struct Tag {};
double tagged_lambda(Kokkos::View<const double*> x, int n) {
  double s = 0;
  Kokkos::parallel_reduce(
      Kokkos::RangePolicy<Tag>(0, n), KOKKOS_LAMBDA(const Tag&, const int i, double& sum) { sum += x(i) * x(i); }, s);
  return s;
}

// ---- attacks ----

// a lambda that captured `this` of one object is called by a member of another
struct Field {
  Kokkos::View<const double*> v;
  double scale;
  template <class F>
  KOKKOS_INLINE_FUNCTION double with(const F& f, int i) const {
    return scale * f(v(i));
  }
  KOKKOS_INLINE_FUNCTION double mixed(const Field& other, int i) const {
    return other.with([this, i](double z) { return scale * z * z + v(i); }, i);
  }
};

double this_of_another(Kokkos::View<const double*> x, Kokkos::View<const double*> y, double a, double b) {
  double s = 0;
  const Field f{x, a}, g{y, b};
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += f.mixed(g, i); }, s);
  return s;
}

// a lambda in a lambda; each copies at its own time
void nested_copies(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(const int i) {
        double a = x(i), b = 2 * a;
        const auto outer = [&a, b](double v) {
          const auto inner = [a, &b](double w) { return a * w + b; };
          a = a + v;
          return inner(v) * a;
        };
        b = 100;
        const double first = outer(0.3);
        const double second = outer(first);
        y(i) = first * second + a * b;
      });
}

// the accumulator of a reduction through a captured reference
double accumulator_captured(Kokkos::View<const double*> x, int n) {
  double s = 0;
  Kokkos::parallel_reduce(
      n,
      KOKKOS_LAMBDA(const int i, double& sum) {
        const auto add = [&](double v) { sum += v * x(i); };
        for (int k = 0; k < 3; ++k) add(x(k));
        if (x(i) > 0.5) add(1);
      },
      s);
  return s;
}

// a lambda made in every iteration of a host loop, run after the scalar has changed
double host_lambda_in_loop(Kokkos::View<double*> y, double a, int steps) {
  double total = 0;
  for (int k = 0; k < steps; ++k) {
    const auto kernel = KOKKOS_LAMBDA(const int i) { y(i) = y(i) * a + k; };
    a *= 0.5;
    Kokkos::parallel_for(y.extent(0), kernel);
    const auto norm = [&](double power) {
      double s = 0;
      Kokkos::parallel_reduce(
          y.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += std::pow(y(i), power) * a; }, s);
      total += s;
      return s;
    };
    const double two = norm(2);
    a += 0.01 * two;
    norm(3);
  }
  return total;
}

// out-parameters and early exits in a generic lambda
void generic_exits(Kokkos::View<double*> y, Kokkos::View<const double*> x, int n) {
  Kokkos::parallel_for(
      n, KOKKOS_LAMBDA(auto i) {
        const auto find = [&](auto from, auto& out) {
          for (int j = static_cast<int>(from); j < n; ++j) {
            if (x(j) > 0.8) {
              out = x(j) * x(i);
              return true;
            }
            out += 0.1 * x(j);
          }
          return false;
        };
        double found = 0.5;
        if (find(i, found)) found *= 2;
        y(i) = found;
      });
}

// a copy of the object keeps its members, a pointer to it does not
struct Counter {
  Kokkos::View<double*> v;
  double c;
  double run() {
    const auto kept = KOKKOS_CLASS_LAMBDA(const int i, double& sum) { sum += c * v(i) * v(i); };
    const auto seen = [this](double z) { return c * z; };
    c = c * c + 1;
    double s = 0;
    Kokkos::parallel_reduce(v.extent(0), kept, s);
    return seen(s) * s;
  }
};

double copied_object(Kokkos::View<double*> v, double c) {
  Counter counter{v, c};
  return counter.run();
}
