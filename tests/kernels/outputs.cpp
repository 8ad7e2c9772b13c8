// Scalars of the caller that a function changes: behind references and pointers, in objects.
#include <Kokkos_Core.hpp>

#include <cmath>

// a reduction straight into the caller's variable
void dot(Kokkos::View<const double*> x, Kokkos::View<const double*> y, double& result) {
  Kokkos::parallel_reduce(
      "dot", x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += x(i) * y(i); }, result);
}

void dot_pointer(Kokkos::View<const double*> x, double a, double* pw) {
  Kokkos::parallel_reduce(
      "dot", x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += a * x(i) * x(i); }, *pw);
}

// in and out: the old value counts
void updated(Kokkos::View<const double*> x, double& s, double a) {
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += s * x(i) * x(i); }, r);
  s = s * r + a;
}

// swapped, used after being overwritten, several at once
void several(Kokkos::View<const double*> x, double& first, double* second, int& count, float& unchanged) {
  const double old = first;
  double r = 0;
  first = *second * unchanged;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += first * x(i); }, r);
  *second = old * r;
  ++count;
}

// with a result and a View
double with_result(Kokkos::View<double*> y, double& s, double a) {
  Kokkos::parallel_for(y.extent(0), KOKKOS_LAMBDA(const int i) { y(i) *= s; });
  double r = 0;
  Kokkos::parallel_reduce(y.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += y(i) * y(i); }, r);
  s = std::sqrt(r) * a;
  return r * s;
}

// only in some branches and iterations
void conditional(Kokkos::View<double*> y, double& s, int steps) {
  for (int k = 0; k < steps; ++k) {
    double r = 0;
    Kokkos::parallel_reduce(y.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += y(i) * y(i) * s; }, r);
    if (k % 2 == 0) s = 0.5 * s + 0.1 * r;
    Kokkos::parallel_for(y.extent(0), KOKKOS_LAMBDA(const int i) { y(i) *= 1 - 0.1 * s; });
  }
}

// overwritten by a constant: the old value is of no use
void reset(Kokkos::View<double*> y, double& s) {
  Kokkos::parallel_for(y.extent(0), KOKKOS_LAMBDA(const int i) { y(i) *= s; });
  s = 1;
}

struct State {
  double time = 0;
  double energy = 0;
  int step = 0;
  Kokkos::View<double*> u;
};

void in_object(State& state, double dt) {
  const auto u = state.u;
  const double h = dt * state.energy;
  Kokkos::parallel_for(u.extent(0), KOKKOS_LAMBDA(const int i) { u(i) += h * u(i); });
  Kokkos::parallel_reduce(u.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += u(i) * u(i); }, state.energy);
  state.time += dt;
  ++state.step;
}

class Simulation {
 public:
  explicit Simulation(int n) : u("u", n) {}
  double advance(double dt) {
    const auto v = u;
    const double k = rate;
    Kokkos::parallel_for(u.extent(0), KOKKOS_LAMBDA(const int i) { v(i) -= dt * k * v(i) * v(i); });
    rate *= 1 + dt;
    time += dt;
    return norm() * rate;
  }
  double norm() const {
    double s = 0;
    Kokkos::parallel_reduce(u.extent(0), KOKKOS_CLASS_LAMBDA(const int i, double& sum) { sum += u(i) * u(i); }, s);
    return s;
  }
  Kokkos::View<double*> u;
  double rate = 1, time = 0;
};

// ---- attacks ----

KOKKOS_INLINE_FUNCTION void mix(double& a, const double& b) { a = a * b + b; }

void through_helpers(Kokkos::View<double*> y, double& s, double* t, int& n) {
  if (n > 4) n = 4;
  const auto early = [=](double z) { return z * s; };
  const auto late = [&](double z) { return z * s; };
  mix(s, *t);
  mix(*t, s);
  for (int k = 0; k < n; ++k) {
    const double factor = early(*t) + late(1);
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(const int i) { y(i) += 0.1 * factor * y(i) * s; });
    s *= 0.9;
  }
  mix(s, s);
}

double early_exit(Kokkos::View<double*> y, double& s, double limit) {
  double r = 0;
  Kokkos::parallel_reduce(y.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += y(i) * s; }, r);
  if (r > limit) {
    s = r;
    return 2 * r;
  }
  Kokkos::parallel_for(y.extent(0), KOKKOS_LAMBDA(const int i) { y(i) *= r; });
  s += r * limit;
  return s * s;
}

// a copy of an object is its own; its Views are not
double copied_state(State& state, State other, double a) {
  State copy = state;
  copy.time = a * state.time;
  state.energy = copy.time + other.energy;
  other = state;
  other.time += 1;
  const auto u = copy.u;
  const double h = other.energy * state.time;
  Kokkos::parallel_for(u.extent(0), KOKKOS_LAMBDA(const int i) { u(i) *= h; });
  double r = 0;
  const auto w = state.u;
  Kokkos::parallel_reduce(w.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += w(i); }, r);
  return r * other.time;
}

struct Integrator {
  Kokkos::View<double*> u;
  double t = 0, h = 1;
  void halve() { h *= 0.5; }
  double step(double rate) {
    const double before = h;
    halve();
    const auto v = u;
    const double k = h * rate;
    Kokkos::parallel_for(v.extent(0), KOKKOS_LAMBDA(const int i) { v(i) -= k * v(i); });
    t += before;
    halve();
    return t * h;
  }
};

double integrate(Integrator& integrator, double rate, int steps) {
  double last = 0;
  for (int k = 0; k < steps; ++k) {
    const double now = integrator.step(rate);
    last = now + 0.5 * last;
  }
  return last;
}
