// A header with a winner for small calls that needs no memory and one for large calls that does.
#include "scatter.cpp"
#include "scatter_grad.hpp"

#include <cstdio>

static int failures = 0;
static void expect(bool ok, const char* what) {
  std::printf("%s %s\n", ok ? "ok    " : "FAILED", what);
  failures += ok ? 0 : 1;
}

static double gradient(kad::scatter_workspace& ws, int nodes, int n) {
  Kokkos::View<double*> x("x", nodes), x_b("x_b", nodes);
  Kokkos::View<int*> t("t", n);
  Kokkos::deep_copy(x, 0.5);
  double scale_b = 0;
  return kad::scatter_grad(ws, x, t, 0.1, x_b, scale_b) - scatter(x, t, 0.1);
}

int main(int argc, char** argv) {
  Kokkos::initialize(argc, argv);
  {
    kad::scatter_workspace ws;
    ws.indices_are_static(false);
    expect(gradient(ws, 100, 400) == 0, "500 elements");
    expect(ws.memory() == 0, "take what was tuned for few");
    expect(gradient(ws, 100, 401) == 0, "501 elements");
    expect(ws.memory() > 0, "take what was tuned for many");
  }
  Kokkos::finalize();
  std::printf("%d failures\n", failures);
  return failures;
}
