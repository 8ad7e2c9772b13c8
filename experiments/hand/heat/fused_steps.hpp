// every state stored; one kernel per step, forward (from one state into the next, fluxes computed twice) and backward
struct heat_workspace {
  std::optional<Kokkos::View<double**, Kokkos::LayoutRight>> states;
  std::optional<Kokkos::View<double*>> other;
  std::size_t memory() const {
    return states ? (states->span() + other->span()) * sizeof(double) : 0;
  }
  void resize(int n, int steps) {
    if (states && static_cast<int>(states->extent(1)) == n && static_cast<int>(states->extent(0)) == steps) return;
    states.emplace(Kokkos::view_alloc(std::string("states"), Kokkos::WithoutInitializing), steps, n);
    other.emplace("other", n);
  }
};

inline void heat_grad(heat_workspace& ws, const Kokkos::View<double*>& u, double kappa, int steps,
                      const Kokkos::View<double*>& u_b, double& kappa_b) {
  const int n = u.extent(0);
  ws.resize(n, steps);
  const auto states = *ws.states;
  for (int step = 0; step < steps; ++step) {
    double* const now = &states(step, 0);
    if (step == 0) Kokkos::parallel_for("first state", n, [=](const int i) { now[i] = u(i); });
    double* const next = step + 1 < steps ? &states(step + 1, 0) : u.data();
    const auto flux = [=](const int k) {
      const double mean = 0.5 * (now[k - 1] + now[k]);
      return kappa * (1.0 + mean * mean) * (now[k - 1] - now[k]);
    };
    Kokkos::parallel_for(
        "step", Kokkos::RangePolicy<>(1, n - 1), [=](const int i) { next[i] = now[i] + flux(i) - flux(i + 1); });
    next[0] = now[0] - (n > 1 ? flux(1) : 0.0);
    if (n > 1) next[n - 1] = now[n - 1] + flux(n - 1);
  }
#include "heat/backward.hpp"
}
