// deep_copy in all its forms, mirrors, and elements of Views on the host.

#include <Kokkos_Core.hpp>

#include <cmath>
#include <utility>

using Vector = Kokkos::View<double*>;
using Matrix = Kokkos::View<double**>;
using In = Kokkos::View<const double*>;
using InMatrix = Kokkos::View<const double**>;

void copied_parts(Matrix a, In x, Vector y, int n) {
  Kokkos::deep_copy(Kokkos::subview(a, 0, Kokkos::ALL), x);
  Kokkos::deep_copy(Kokkos::subview(a, Kokkos::ALL, 1), 0.5);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) *= a(0, i) * a(i, 1) + a(i, 0); });
  Kokkos::deep_copy(y, Kokkos::subview(a, n - 1, Kokkos::ALL()));
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = y(i) * y(i); });
}

// Ghost layers; source and target are parts of one View.
void ghost_layers(Vector u, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Kokkos::deep_copy(Kokkos::subview(u, std::make_pair(0, 2)), Kokkos::subview(u, std::make_pair(n - 4, n - 2)));
    Kokkos::deep_copy(Kokkos::subview(u, n - 1), Kokkos::subview(u, 2));
    Kokkos::parallel_for(1, KOKKOS_LAMBDA(int) { u(3) = u(2) * u(0) + sin(u(1)); });
    Kokkos::parallel_for(1, KOKKOS_LAMBDA(int) { u(2) = u(3) * u(n - 1); });
  }
}

double to_scalar(In x, Kokkos::View<double> total, int n) {
  double first = 0, sum = 1;
  Kokkos::deep_copy(first, Kokkos::subview(x, 1));
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * first; }, sum);
  Kokkos::deep_copy(total, sum * sum);
  Kokkos::parallel_for(1, KOKKOS_LAMBDA(int) { total() = total() * x(0); });
  Kokkos::deep_copy(Kokkos::DefaultExecutionSpace(), sum, total);
  return sum * first;
}

double mirror_round_trip(Vector x, double a, int n) {
  auto h = Kokkos::create_mirror_view(x);
  Kokkos::deep_copy(h, x);
  for (int i = 0; i < n; ++i) h(i) = sin(h(i)) * a;
  h(0) *= h(1);
  Kokkos::deep_copy(x, h);
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * x(i); }, r);
  return r * h(2);
}

double mirror_and_copy(In x, int n) {
  const auto h = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), x);
  Vector::HostMirror g = Kokkos::create_mirror(x);
  double norm = 0;
  for (int i = 0; i < n; ++i) {
    g(i) = h(i) * h(i);
    norm += g(i) * h(n - 1 - i);
  }
  auto d = Kokkos::create_mirror_view_and_copy(Kokkos::DefaultExecutionSpace(), g);
  double r = 0;
  Kokkos::parallel_reduce(n, KOKKOS_LAMBDA(int i, double& s) { s += d(i) * d(i) * norm; }, r);
  return r;
}

double host_parameter(Vector::HostMirror h, Vector x, int n) {
  Vector t("t", n);
  Kokkos::deep_copy(t, h);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { x(i) = t(i) * t(i) * x(i); });
  Kokkos::deep_copy(h, x);
  return h(0) * h(n - 1);
}

double host_elements(Vector x, int n) {
  double r = x(0);
  x(1) = r * x(2);
  x(1) += x(0) * x(0);
  for (int i = 1; i < n; ++i) r += x[i] * x(i - 1);
  if (x(1) > 0.1) r *= x(3);
  return r * x(1);
}

double host_scan(Vector x, Vector y, int n) {
  double running = 1;
  for (int i = 0; i < n; ++i) {
    running *= x(i) + 0.5;
    y(i) = running;
  }
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { y(i) = y(i) * x(i); });
  return running;
}

// Elements of the host steer a time loop of kernels.
double host_control(Vector u, Vector residual, int n, int steps) {
  for (int t = 0; t < steps; ++t) {
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { residual(i) = u(i) * u((i + 1) % n); });
    const double worst = residual(0) > residual(1) ? residual(0) : residual(1);
    if (worst < 1e-3) continue;
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { u(i) = u(i) - 0.1 * residual(i) / (1 + worst); });
    u(0) = 0.5 * worst;
  }
  return u(0) * u(n - 1);
}

int count_above(Vector x, double limit) {
  int count = 0;
  for (size_t i = 0; i < x.extent(0); ++i) {
    if (x(i) > limit) ++count;
  }
  return count;
}

double host_integers(Vector x, Kokkos::View<const int*> idx, int n) {
  const int j = idx(1);
  const bool large = x(0) > 0.4;
  const int many = count_above(x, 0.3);
  double r = 0;
  Kokkos::parallel_reduce(many, KOKKOS_LAMBDA(int i, double& s) { s += x(i) * x(j) * (large ? 2 : 3); }, r);
  return r * x(idx(2)) + n;
}

void float_elements(Kokkos::View<float*> x, Kokkos::View<double> scale) {
  const float f = x(0);
  x(1) = f * x(2);
  scale() = scale() * f;
  x(2) = float(x(1) * scale());
}

// A solve on the host: each step reads what the last one wrote.
double recurrence(Vector x, In a, int n) {
  for (int i = 1; i < n; ++i) x(i) = sin(x(i - 1)) * a(i) + x(i);
  for (int i = n - 2; i >= 0; --i) x(i) -= a(i) * x(i + 1) * x(i);
  return x(0);
}

double relaxation(Vector x, In a, int n, int sweeps) {
  double change = 0;
  for (int s = 0; s < sweeps; ++s) {
    change = 0;
    for (int i = 0; i < n; ++i) {
      const double old = x(i);
      x(i) = 0.5 * old + a(i) * cos(old);
      change += (x(i) - old) * (x(i) - old);
    }
  }
  return change;
}
