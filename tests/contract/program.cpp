// What the contract promises of a generated header, checked by an application that uses it.
#include "scatter.cpp"
#include "scatter_grad.hpp"

#include <cstdio>

using Doubles = Kokkos::View<double*>;
using Integers = Kokkos::View<int*>;

static int failures = 0;
static void expect(bool ok, const char* what) {
  std::printf("%s %s\n", ok ? "ok    " : "FAILED", what);
  failures += ok ? 0 : 1;
}
static bool close(double a, double b, double tolerance = 1e-12) {
  return std::fabs(a - b) <= tolerance * (std::fabs(a) + std::fabs(b) + 1e-300);
}

static Doubles values(int n) {
  Doubles x("x", n);
  const auto h = Kokkos::create_mirror_view(x);
  for (int i = 0; i < n; ++i) h(i) = 0.3 + std::sin(1.7 * i);
  Kokkos::deep_copy(x, h);
  return x;
}
static void fill(const Integers& t, int nodes, int stride) {
  const auto h = Kokkos::create_mirror_view(t);
  for (int i = 0; i < static_cast<int>(t.extent(0)); ++i) h(i) = (i * stride + i / 7) % nodes;
  Kokkos::deep_copy(t, h);
}

// The gradient as mathematics has it.
static bool right(const Doubles& x, const Integers& t, double scale, const Doubles& x_b, double scale_b,
                  double start, double seed) {
  const auto hx = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), x);
  const auto ht = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), t);
  const auto hb = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), x_b);
  std::vector<double> expected(x.extent(0), start);
  double total = 0;
  for (int i = 0; i < static_cast<int>(t.extent(0)); ++i) {
    const double weight = std::exp(scale) * (1 + i % 3);
    expected[ht(i)] += seed * 2 * weight * hx(ht(i));
    total += weight * hx(ht(i)) * hx(ht(i));
  }
  bool ok = close(scale_b, start + seed * total, 1e-11);
  for (std::size_t k = 0; k < expected.size(); ++k) ok = ok && close(hb(k), expected[k], 1e-11);
  return ok;
}

int main(int argc, char** argv) {
  Kokkos::initialize(argc, argv);
  {
    const int nodes = 97, n = 1000;
    const Doubles x = values(nodes), x_b("x_b", nodes);
    const Integers t("t", n);
    fill(t, nodes, 5);
    const double scale = 0.2;

    double scale_b = 0;
    const double r = kad::scatter_grad(x, t, scale, x_b, scale_b);
    expect(close(r, scatter(x, t, scale)), "returns the primal's value");
    expect(right(x, t, scale, x_b, scale_b, 0, 1), "gradient without a workspace");

    // finite differences, independent of the formula above
    const double h = 1e-6;
    const double slope = (scatter(x, t, scale + h) - scatter(x, t, scale - h)) / (2 * h);
    expect(close(scale_b, slope, 1e-8), "scalar adjoint agrees with finite differences");

    kad::scatter_workspace ws;
    for (int call = 0; call < 3; ++call) {
      Kokkos::deep_copy(x_b, 0.5);
      scale_b = 0.5;
      kad::scatter_grad(ws, x, t, scale, x_b, scale_b);
      expect(right(x, t, scale, x_b, scale_b, 0.5, 1), "a reused workspace; adjoints accumulate");
    }

    fill(t, nodes, 11);  // in place: the same View, other contents
    Kokkos::deep_copy(x_b, 0);
    scale_b = 0;
    kad::scatter_grad(ws, x, t, scale, x_b, scale_b);
    expect(right(x, t, scale, x_b, scale_b, 0, 1), "an index array changed in place is noticed");

    const Integers same("same", n);
    fill(same, 3, 1);
    Kokkos::deep_copy(x_b, 0);
    scale_b = 0;
    kad::scatter_grad(ws, x, same, scale, x_b, scale_b);
    expect(right(x, same, scale, x_b, scale_b, 0, 1), "another index array, many conflicts");

    for (int m : {1, 0, 4000, 2}) {
      const Integers other("other", m);
      fill(other, nodes, 3);
      Kokkos::deep_copy(x_b, 0);
      scale_b = 0;
      kad::scatter_grad(ws, x, other, scale, x_b, scale_b);
      expect(right(x, other, scale, x_b, scale_b, 0, 1), "other trip counts, empty and single ones too");
    }
    const Doubles big = values(5000), big_b("big_b", 5000);
    fill(t, 5000, 13);
    scale_b = 0;
    kad::scatter_grad(ws, big, t, scale, big_b, scale_b);
    expect(right(big, t, scale, big_b, scale_b, 0, 1), "another shape");

    ws.indices_are_static(true);
    Kokkos::deep_copy(big_b, 0);
    scale_b = 0;
    kad::scatter_grad(ws, big, t, scale, big_b, scale_b);
    expect(right(big, t, scale, big_b, scale_b, 0, 1), "static indices");

    Kokkos::deep_copy(x_b, 0);
    scale_b = 0;
    fill(t, nodes, 5);
    kad::scatter_grad(x, t, scale, x_b, scale_b, -2.5);
    expect(right(x, t, scale, x_b, scale_b, 0, -2.5), "the seed overload");

    bool thrown = false;
    try {
      kad::scatter_grad(x, t, scale, x, scale_b);
    } catch (const std::invalid_argument& problem) {
      thrown = std::string(problem.what()).find("share memory") != std::string::npos;
    }
    expect(thrown, "an adjoint that overlaps its primal is refused");
    thrown = false;
    try {
      kad::scatter_grad(x, t, scale, big_b, scale_b);
    } catch (const std::invalid_argument& problem) {
      thrown = std::string(problem.what()).find("shape") != std::string::npos;
    }
    expect(thrown, "an adjoint of another shape is refused");
    (void)ws.memory();
  }
  Kokkos::finalize();
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
