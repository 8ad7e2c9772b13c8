// Timing of the primal, the reference variant and one candidate, interleaved so that drift of the machine
// meets all three alike. Outside the timed region: values that f overwrites are restored, adjoints are reset
// (seeds to one, others to zero). Inside: everything that a caller with a workspace pays on every call.
#pragma once

#include "harness_parameters.hpp"

#include <algorithm>
#include <chrono>

namespace kad_harness {

struct Samples {
  Vector primal, gradient, reference;  // seconds
};

struct Schedule {
  double budget;  // seconds for all samples together
  int least;      // samples, unless they take four times the budget
  int most;
};

template <class Kernel>
class Stopwatch {
 public:
  using P = typename Kernel::Parameters;

  // `reference` may be null: then the gradient is the reference.
  Stopwatch(P& parameters, Gradient<P>& gradient, Gradient<P>* reference)
      : p_(parameters), gradient_(gradient), reference_(reference) {}

  Samples measure(const Schedule& schedule) {
    warm_up(schedule.budget);
    Samples samples;
    const auto start = Clock::now();
    for (int n = 0; n < schedule.most; ++n) {
      const double elapsed = seconds(start);
      if (n >= schedule.least && elapsed >= schedule.budget) break;
      if (n >= 3 && elapsed >= 4.0 * schedule.budget) break;
      round(samples);
    }
    if (reference_ == nullptr) samples.reference = samples.gradient;
    return samples;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double seconds(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  // At least two rounds (the first builds the workspace), until two in a row agree within a tenth.
  void warm_up(double budget) {
    const auto start = Clock::now();
    Samples rounds;
    for (int n = 0; n < 6; ++n) {
      round(rounds);
      if (n >= 1 && (settled(rounds.primal) && settled(rounds.gradient) && settled(rounds.reference))) return;
      if (n >= 1 && seconds(start) > budget) return;
    }
  }

  static bool settled(const Vector& samples) {
    const std::size_t n = samples.size();
    return n == 0 || (n >= 2 && std::fabs(samples[n - 1] - samples[n - 2]) <= 0.1 * samples[n - 2]);
  }

  void round(Samples& samples) {
    samples.primal.push_back(timed([&] { Kernel::primal(p_); }));
    if (reference_ != nullptr) samples.reference.push_back(timed([&] { reference_->call(p_); }));
    samples.gradient.push_back(timed([&] { gradient_.call(p_); }));
  }

  template <class Call>
  double timed(Call call) {
    restore(p_);
    each_active(p_, [](auto& a) { a.fill_adjoints(a.role().dependent ? 1.0 : 0.0); });
    Kokkos::fence();
    const auto start = Clock::now();
    call();
    Kokkos::fence();
    return seconds(start);
  }

  P& p_;
  Gradient<P>& gradient_;
  Gradient<P>* reference_;
};

}  // namespace kad_harness
