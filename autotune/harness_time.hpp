// Timing of the primal and of several gradients, interleaved so that drift of the machine meets all alike; the
// order within a round is random, so that no one always runs after the same neighbour. Outside the timed region:
// values that f overwrites are restored, adjoints are reset (seeds to one, others to zero), caches are swept if
// asked for. Inside: everything that a caller with a workspace pays on every call. Each call is fenced before
// and after: wall time counts the host's part of a gradient too, which events of a device would leave out.
#pragma once

#include "harness_parameters.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <utility>

namespace kad_harness {

// How long to sample. Given as words NAME=VALUE; what is not given keeps the value here.
struct Schedule {
  double budget = 1;     // seconds for all samples together
  int least = 7;         // samples, unless they take four times the budget
  int most = 50;         // samples
  double precision = 0;  // end when the interval of gradient / reference is within this fraction; 0: do not
  double bound = 0;      // gradient / reference of the best variant so far: end once this one is slower for sure; 0: none
  double cut = 1.5;      // times `bound`: end after three samples if the warm calls are slower than that
  double sweep = 0;      // bytes of memory written before each call, for cold caches; 0: caches stay warm
  unsigned seed = 1;     // of the order within rounds

  static Schedule parse(const std::vector<std::string>& words) {
    Schedule s;
    for (const std::string& word : words) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) throw std::runtime_error("not NAME=VALUE: " + word);
      const std::string name = word.substr(0, equals);
      const double value = std::stod(word.substr(equals + 1));
      if (name == "budget") s.budget = value;
      else if (name == "least") s.least = static_cast<int>(value);
      else if (name == "most") s.most = static_cast<int>(value);
      else if (name == "precision") s.precision = value;
      else if (name == "bound") s.bound = value;
      else if (name == "cut") s.cut = value;
      else if (name == "sweep") s.sweep = value;
      else if (name == "seed") s.seed = static_cast<unsigned>(value);
      else throw std::runtime_error("unknown setting: " + word);
    }
    return s;
  }
};

// The 95 % interval of the median by order statistics (normal approximation of the binomial; Conover, Practical
// Nonparametric Statistics, 3.2). Below six samples it is the range.
inline std::pair<double, double> median_interval(Vector samples) {
  std::sort(samples.begin(), samples.end());
  const double n = static_cast<double>(samples.size());
  const double below = std::floor(0.5 * n - 0.98 * std::sqrt(n));
  const std::size_t k = below > 0 ? static_cast<std::size_t>(below) : 0;
  return {samples[k], samples[samples.size() - 1 - k]};
}

// Writes memory. A functor, since CUDA's compiler takes no device lambda from a private member function.
struct Sweep {
  Kokkos::View<double*> memory;
  KOKKOS_INLINE_FUNCTION void operator()(int i) const { memory(i) += 1.0; }
};

template <class Kernel>
class Stopwatch {
 public:
  using P = typename Kernel::Parameters;

  // Several gradients; the first is the reference.
  Stopwatch(P& parameters, std::vector<Gradient<P>*> gradients)
      : p_(parameters), gradients_(std::move(gradients)), calls_(gradients_.size() + 1), times(calls_) {}

  // Fills `times`, `warm_up` and `stopped`.
  void measure(const Schedule& schedule) {
    state_ = schedule.seed;
    if (schedule.sweep > 0) {
      const auto size = static_cast<std::size_t>(schedule.sweep / sizeof(double));
      sweep_.emplace(Sweep{Kokkos::View<double*>("kad sweep", size)});
    }
    stopped = warmed(schedule) ? "" : "cut";
    const auto start = Clock::now();
    for (int n = 0; n < schedule.most; ++n) {
      const double elapsed = seconds(start);
      if (n >= 3 && stopped[0] != '\0') return;  // cut
      if (n >= schedule.least && elapsed >= 0.05 * schedule.budget && decided(schedule)) return;
      if ((n >= schedule.least && elapsed >= schedule.budget) || (n >= 3 && elapsed >= 4.0 * schedule.budget)) {
        stopped = "budget";
        return;
      }
      round(times);
    }
    stopped = "most";
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double seconds(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  // Call everything until it has settled: the best of the last two rounds is not 2 % faster than the best before
  // them (the first round, which builds workspaces, does not count). Bounded by the budget, but at least two rounds.
  // False if the gradient is hopeless: slower than `cut` times the bound.
  bool warmed(const Schedule& schedule) {
    const auto start = Clock::now();
    std::vector<Vector> rounds(calls_);
    for (warm_up = 1; warm_up <= 20; ++warm_up) {
      round(rounds);
      if (warm_up < 2) continue;
      if (schedule.bound > 0 && calls_ == 3 && rounds[2].back() > schedule.cut * schedule.bound * rounds[1].back())
        return false;
      if (seconds(start) > schedule.budget) return true;
      if (warm_up >= 4 && std::all_of(rounds.begin(), rounds.end(), settled)) return true;
    }
    warm_up = 20;
    return true;
  }

  static bool settled(const Vector& samples) {
    const auto last = samples.end() - 2;
    return *std::min_element(last, samples.end()) >= 0.98 * *std::min_element(samples.begin() + 1, last);
  }

  // With one candidate: whether its time relative to the reference's is known well enough.
  bool decided(const Schedule& schedule) {
    if (calls_ != 3) return false;
    Vector ratios(times[2].size());
    for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] = times[2][i] / times[1][i];
    const auto [low, high] = median_interval(ratios);
    if (schedule.bound > 0 && low > schedule.bound) {
      stopped = "slower";
    } else if (high - low <= schedule.precision * (high + low)) {
      stopped = "precise";
    } else {
      return false;
    }
    return true;
  }

  void round(std::vector<Vector>& into) {
    std::vector<std::size_t> order(calls_);
    for (std::size_t i = 0; i < calls_; ++i) order[i] = i;
    for (std::size_t i = calls_ - 1; i > 0; --i) {  // Fisher and Yates
      state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
      std::swap(order[i], order[(state_ >> 33) % (i + 1)]);
    }
    for (const std::size_t i : order) {
      into[i].push_back(i == 0 ? timed([&] { Kernel::primal(p_); }) : timed([&] { gradients_[i - 1]->call(p_); }));
    }
  }

  template <class Call>
  double timed(Call call) {
    restore(p_);
    each_active(p_, [](auto& a) { a.fill_adjoints(a.role().dependent ? 1.0 : 0.0); });
    if (sweep_) {
      Kokkos::parallel_for("kad sweep", Kokkos::RangePolicy<>(0, static_cast<int>(sweep_->memory.extent(0))), *sweep_);
    }
    Kokkos::fence();
    const auto start = Clock::now();
    call();
    Kokkos::fence();
    return seconds(start);
  }

  P& p_;
  std::vector<Gradient<P>*> gradients_;
  std::size_t calls_;
  std::uint64_t state_ = 1;
  std::optional<Sweep> sweep_;

 public:
  std::vector<Vector> times;  // seconds: of the primal, then of each gradient
  int warm_up = 0;            // rounds before the first sample
  const char* stopped = "";   // why sampling ended: cut, slower, precise, budget or most
};

}  // namespace kad_harness
