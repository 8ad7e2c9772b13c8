// Host code: scalars between kernels, loops, branches.

#include <Kokkos_Core.hpp>

#include <cmath>

using Vector = Kokkos::View<double*>;
using In = Kokkos::View<const double*>;

double normalised(In x, Vector y, int n) {
  double norm = 0, r = 0;
  Kokkos::parallel_reduce("norm", n, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * x(i); }, norm);
  const double scale = 1 / std::sqrt(norm);
  Kokkos::parallel_reduce("scaled", n, KOKKOS_LAMBDA(int i, double& s) { s += sin(x(i) * scale) * y(i); }, r);
  return r * scale + norm;
}

double several_reductions(In x, double a, int n) {
  double p = 0, q = 0;
  Kokkos::parallel_reduce("same", n, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * x(i); }, p);
  Kokkos::parallel_reduce("same", n, KOKKOS_LAMBDA(int i, double& s) { s += exp(x(i) * a); }, q);
  return a * p / q + std::log(q) * a;
}

double power_iteration(In v, Vector x, int n, int steps) {
  double lambda = 1;
  Vector y("y", n);
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for("apply", n, KOKKOS_LAMBDA(int i) { y(i) = v(i) * x(i) + 0.3 * x((i + 1) % n); });
    double norm = 0;
    Kokkos::parallel_reduce("norm", n, KOKKOS_LAMBDA(int i, double& s) { s += y(i) * y(i); }, norm);
    lambda = std::sqrt(norm) + 0.1 * lambda;
    const double inverse = 1 / lambda;
    Kokkos::parallel_for("scale", n, KOKKOS_LAMBDA(int i) { x(i) = y(i) * inverse; });
  }
  return lambda;
}

void time_loop(Vector u, double kappa, int n, int steps) {
  Vector v("v", n);
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for("step", Kokkos::RangePolicy<>(1, n - 1), KOKKOS_LAMBDA(int i) {
      v(i) = u(i) + kappa * u(i) * (u(i - 1) - 2 * u(i) + u(i + 1));
    });
    Kokkos::deep_copy(u, v);
  }
}

void time_loop_in_place(Vector u, Vector f, double dt, int n, int steps) {
  for (int t = 1; t <= steps; ++t) {
    const double now = dt * t;
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = u(i) + dt * sin(u(i) * now) + f(i) * dt; });
  }
}

void descending_time_loop(Vector u, double dt, int n, int steps) {
  for (int t = steps - 1; t >= 0; t -= 2) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = u(i) + dt * t * sin(u(i)); });
  }
}

void strided_time_loop(Vector u, double dt, int n, int steps) {
  for (int t = 1; t < steps; t += 3) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = u(i) * cos(u(i) + dt * t); });
  }
}

void carried_time_loop(Vector u, double dt, int n, int steps) {
  double h = dt;
  double before = 1;
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = u(i) + h * sin(u(i) * before); });
    const double keep = h;
    h = h * h * 0.5 + before * 0.1;
    before = keep;
  }
}

double nested_loops(Vector u, double a, int n, int outer, int inner) {
  double r = 0;
  for (int p = 0; p < outer; ++p) {
    double q = a;
    for (int t = 0; t <= p % inner; ++t) {
      Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { u(i) = u(i) * cos(u(i) * q); });
      q = q * 0.9 + a;
    }
    double s = 0;
    Kokkos::parallel_reduce("sum", n, KOKKOS_LAMBDA(int i, double& sum) { sum += u(i) * u(i); }, s);
    r = r * 0.5 + s * q;
  }
  return r;
}

void nested_time_loops(Vector u, Vector v, int n, int outer, int inner) {
  for (int p = 0; p < outer; ++p) {
    Kokkos::parallel_for("outer", n, KOKKOS_LAMBDA(int i) { v(i) = u(i) * v(i) + 0.1; });
    for (int t = 0; t < inner; ++t) {
      Kokkos::parallel_for("inner", n, KOKKOS_LAMBDA(int i) { u(i) = sin(u(i) + v(i)); });
    }
    Kokkos::parallel_for("outer", n, KOKKOS_LAMBDA(int i) { u(i) *= v(i); });
  }
}

void local_in_loop(Vector u, In w, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Vector k("k", n);
    Kokkos::parallel_for("rate", n, KOKKOS_LAMBDA(int i) { k(i) = sin(u(i)) * w(i); });
    Kokkos::parallel_for("square", n, KOKKOS_LAMBDA(int i) { k(i) = k(i) * k(i) + u(i); });
    Kokkos::parallel_for("update", n, KOKKOS_LAMBDA(int i) { u(i) = u(i) + 0.1 * k(i) * k((i + 1) % n); });
  }
}

void branch_on_parameter(Vector y, In x, int n, int mode) {
  if (mode == 1) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = y(i) * x(i); });
  } else if (mode == 2) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = sin(y(i)); });
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = y(i) * y(i) * x(i); });
  }
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = y(i) * y(i); });
}

double branch_on_reduction(In x, double a, int n) {
  double s = 0;
  Kokkos::parallel_reduce("sum", n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i); }, s);
  double r = a;
  if (s > 2.0) {
    Kokkos::parallel_reduce("big", n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * x(i) * s * a; }, r);
  } else {
    r = s * s;
  }
  return r * s;
}

void branch_in_time_loop(Vector u, In f, double a, int n, int steps) {
  double scale = a;
  for (int t = 0; t < steps; ++t) {
    if (t % 3 == 1) {
      Kokkos::parallel_for("one", n, KOKKOS_LAMBDA(int i) { u(i) = u(i) * u(i) * scale; });
      scale = scale * a + 1;
    } else {
      double s = 0;
      Kokkos::parallel_reduce("two", n, KOKKOS_LAMBDA(int i, double& sum) { sum += u(i) * f(i); }, s);
      if (s > 1) scale = scale / s;
    }
    Kokkos::parallel_for("three", n, KOKKOS_LAMBDA(int i) { u(i) = sin(u(i) * scale) + f(i); });
  }
}

void filled_by_scalar(Vector y, Vector z, In x, int n) {
  double s = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * x(i); }, s);
  Kokkos::deep_copy(y, s * s);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) *= x(i); });
  Kokkos::deep_copy(z, std::sin(s));
}

double local_across_loop(In x, int n, int steps) {
  Vector t("t", n);
  double r = 0;
  Kokkos::deep_copy(t, x);
  for (int k = 0; k < steps; ++k) {
    double s = 0;
    Kokkos::parallel_reduce("s", n, KOKKOS_LAMBDA(int i, double& sum) { sum += t(i) * t(i); }, s);
    r += s;
    Kokkos::parallel_for("t", n, KOKKOS_LAMBDA(int i) { t(i) = t(i) * x(i) + 0.01 * s; });
  }
  Kokkos::parallel_for("last", n, KOKKOS_LAMBDA(int i) { t(i) = sin(t(i)); });
  double q = 0;
  Kokkos::parallel_reduce("q", n, KOKKOS_LAMBDA(int i, double& sum) { sum += t(i) * t(i); }, q);
  return r + q;
}

void two_time_loops(Vector u, Vector v, double a, int n, int steps) {
  for (int t = 0; t < steps; ++t)
    Kokkos::parallel_for("u", n, KOKKOS_LAMBDA(int i) { u(i) = sin(u(i)) * a + v(i); });
  for (int t = 0; t < steps + 2; ++t)
    Kokkos::parallel_for("v", n, KOKKOS_LAMBDA(int i) { v(i) = cos(v(i)) * u(i) * a; });
}

double unused_and_constant(In x, [[maybe_unused]] In unused, double b, [[maybe_unused]] double also_unused, int n) {
  double r = 0, c = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += x(i) * x(i); }, r);
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& sum) { sum += 0.5 * i; }, c);
  return r * c + b;
}

double empty_ranges(In x, Vector y, int lo, int hi) {
  double r = 1;
  Kokkos::parallel_reduce("none", Kokkos::RangePolicy<>(lo, hi), KOKKOS_LAMBDA(int i, double& s) {
    s += sin(x(i)) * exp(x(i));
  }, r);
  Kokkos::parallel_for("none either", Kokkos::RangePolicy<>(lo, hi), KOKKOS_LAMBDA(int i) { y(i) = sin(y(i)) * y(i); });
  Kokkos::parallel_for("nothing", Kokkos::RangePolicy<>(lo, hi), KOKKOS_LAMBDA(int i) { y(i) = sin(y(i)) * y(i); });
  double q = 0;
  Kokkos::parallel_reduce("all", 3, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * x(i) * y(i); }, q);
  return r + q;
}

double seed_times_loop(In x, double a, int n, int steps) {
  double p = a;
  for (int t = 0; t < steps; ++t) p = p * a + std::sin(p);
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * p; }, r);
  return r;
}

// An unsigned loop whose end may lie before its begin.
void unsigned_time_loop(Vector u, double dt, int n, std::size_t first, std::size_t steps) {
  for (std::size_t t = first; t < steps; t += 2) {
    Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { u(i) = u(i) + dt * sin(u(i) * u(i)); });
  }
}

double unsigned_loops(In x, std::size_t n, unsigned m) {
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(std::size_t i, double& s) {
    double p = x(i);
    for (unsigned k = 2; k < m; ++k) p = p * x(k) + sin(p);
    for (unsigned k = 0; k < m; k += 2) p = p * x(k) + sin(p);
    for (std::size_t k = 0; k < i; ++k) p = p * p * x(k);
    s += p;
  }, r);
  return r;
}

// Index arrays that kernels fill, overwrite and use.
double computed_indices(In x, Vector y, Kokkos::View<const int*> idx, int n) {
  Kokkos::View<int*> at("at", n);
  Kokkos::parallel_for("find", n, KOKKOS_LAMBDA(int i) { at(i) = (idx(i) + 1) % n; });
  double r = 0, q = 0;
  Kokkos::parallel_reduce("use", n, KOKKOS_LAMBDA(int i, double& s) { s += x(at(i)) * x(i) * y(at(at(i))); }, r);
  Kokkos::parallel_for("move", n, KOKKOS_LAMBDA(int i) { at(i) = (at(i) * 2 + i) % n; });
  Kokkos::parallel_for("scatter", n, KOKKOS_LAMBDA(int i) { Kokkos::atomic_add(&y(at(i)), x(i) * x(at(i))); });
  Kokkos::deep_copy(at, 2);
  Kokkos::parallel_reduce("again", n, KOKKOS_LAMBDA(int i, double& s) { s += y(i) * y(at(i)); }, q);
  return r * q;
}

void indices_in_time_loop(Vector u, Kokkos::View<int*> at, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Vector k("k", n);
    Kokkos::parallel_for("gather", n, KOKKOS_LAMBDA(int i) { k(i) = u(at(i)) * u(i); });
    Kokkos::parallel_for("move", n, KOKKOS_LAMBDA(int i) { at(i) = (at(i) + t + 1) % n; });
    Kokkos::parallel_for("update", n, KOKKOS_LAMBDA(int i) { u(i) = sin(k(i)) + u(i); });
  }
}

double constant_result(In x, Vector y, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = x(i) * x(i) * y(i); });
  return 1.5;
}

double result_and_output(In x, Vector y, double a, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = x(i) * x(i) * y(i) * a; });
  a *= 2;
  double r = a;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += y(i) * a; }, r);
  r += a;
  a = r * r;
  return a;
}

double parameter_returned(In x, Vector y, double a, int n) {
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = x(i) * x(i) * a; });
  return a;
}

// One View is checkpointed, its neighbour is read by the steps and overwritten only afterwards.
void input_overwritten_after_loop(Vector u, Vector w, int n, int steps) {
  for (int t = 0; t < steps; ++t)
    Kokkos::parallel_for("step", n, KOKKOS_LAMBDA(int i) { u(i) = sin(u(i)) + w(i); });
  Kokkos::parallel_for("after", n, KOKKOS_LAMBDA(int i) { w(i) = w(i) * u(i); });
}

template <class Space>
inline void fill_on(const Space& where, Kokkos::View<double*> v, double a) {
  Kokkos::parallel_for(
      Kokkos::RangePolicy<Space>(where, 0, v.extent(0), Kokkos::ChunkSize(4)),
      KOKKOS_LAMBDA(const int i) { v(i) = a * a * i; });
}

double execution_space_instances(Kokkos::View<const double*> x, double a, int n) {
  const Kokkos::DefaultExecutionSpace space;
  Kokkos::View<double*> v("v", n);
  fill_on(space, v, a);
  fill_on(Kokkos::DefaultExecutionSpace(), v, 2 * a);
  double result = 0;
  Kokkos::parallel_reduce(
      Kokkos::MDRangePolicy<Kokkos::Rank<2>>(space, {0, 0}, {n, 2}),
      KOKKOS_LAMBDA(const int i, const int j, double& sum) { sum += x(i) * v(i) * (j + 1); }, result);
  space.fence();
  return result;
}

// An array of the host that kernels write and read through a reference.
double array_by_reference(Kokkos::View<const double*, Kokkos::HostSpace> x, double a) {
  using Range = Kokkos::RangePolicy<Kokkos::DefaultHostExecutionSpace>;
  double squares[4] = {a, 2};
  const double before = squares[0] * squares[1] + squares[3];
  Kokkos::parallel_for(Range(0, 4), [&squares, x, a](const int i) { squares[i] += a * x(i) * x(i); });
  squares[2] *= squares[1];
  double sum = 0;
  Kokkos::parallel_reduce(Range(0, 4), [&](const int i, double& s) { s += squares[i] * squares[i]; }, sum);
  return sum * before + squares[2];
}
