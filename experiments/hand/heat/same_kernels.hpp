// every state stored; forward as the primal, backward one gather per step
struct heat_workspace {
  std::optional<Kokkos::View<double**, Kokkos::LayoutRight>> states;
  std::optional<Kokkos::View<double*>> flux, other;
  std::size_t memory() const {
    return states ? (states->span() + flux->span() + other->span()) * sizeof(double) : 0;
  }
  void resize(int n, int steps) {
    if (states && static_cast<int>(states->extent(1)) == n && static_cast<int>(states->extent(0)) == steps) return;
    states.emplace(Kokkos::view_alloc(std::string("states"), Kokkos::WithoutInitializing), steps, n);
    flux.emplace("flux", n + 1);
    other.emplace("other", n);
  }
};

inline void heat_grad(heat_workspace& ws, const Kokkos::View<double*>& u, double kappa, int steps,
                      const Kokkos::View<double*>& u_b, double& kappa_b) {
  const int n = u.extent(0);
  ws.resize(n, steps);
  const auto states = *ws.states;
  const auto flux = *ws.flux;
  for (int step = 0; step < steps; ++step) {
    Kokkos::deep_copy(Kokkos::subview(states, step, Kokkos::ALL()), u);
    Kokkos::parallel_for(
        "flux", Kokkos::RangePolicy<>(1, n), [=](const int i) {
          const double mean = 0.5 * (u(i - 1) + u(i));
          flux(i) = kappa * (1.0 + mean * mean) * (u(i - 1) - u(i));
        });
    Kokkos::parallel_for("update", n, [=](const int i) { u(i) += flux(i) - flux(i + 1); });
  }
#include "heat/backward.hpp"
}
