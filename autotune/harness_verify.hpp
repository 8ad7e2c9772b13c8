// Verification of one gradient variant: inner-product identity with the tangent at full size, repeated and
// accumulating calls, the primal's outputs, and at the small size the tangent against finite differences and
// the gradient against the reference variant, element by element.
#pragma once

#include "harness_parameters.hpp"

#include <algorithm>
#include <limits>

namespace kad_harness {

using Vectors = std::vector<Vector>;  // one for each active parameter

// Uniform in +-[0.5, 1): no element of a random direction is negligible. (splitmix64)
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}
  double operator()() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    z ^= z >> 31;
    const double magnitude = 0.5 + 0.5 * static_cast<double>(z >> 12) * 0x1p-52;
    return (z & 1) != 0 ? magnitude : -magnitude;
  }
  Vector vector(std::size_t size, double scale = 1.0) {
    Vector v(size);
    for (double& e : v) e = scale * (*this)();
    return v;
  }

 private:
  std::uint64_t state_;
};

inline double largest(const Vector& v) {
  double m = 0.0;
  for (const double e : v) m = std::isnan(e) ? std::numeric_limits<double>::infinity() : std::max(m, std::fabs(e));
  return m;
}

inline double largest_difference(const Vector& a, const Vector& b) {
  double m = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;  // judged by the finiteness of the results
    const double d = std::fabs(a[i] - b[i]);
    if (a[i] == b[i]) continue;
    if (!(d <= std::numeric_limits<double>::max())) return std::numeric_limits<double>::infinity();
    m = std::max(m, d);
  }
  return m;
}

inline double ratio(double error, double scale) {
  if (error == 0.0) return 0.0;
  return scale > 0.0 ? error / scale : std::numeric_limits<double>::infinity();
}

// Largest difference over the largest element of `reference`, block by block. A block that is zero in the
// reference is measured against the largest block.
inline double disagreement(const Vectors& values, const Vectors& reference) {
  double overall = 0.0;
  for (const Vector& block : reference) overall = std::max(overall, largest(block));
  double worst = 0.0;
  for (std::size_t k = 0; k < reference.size(); ++k) {
    const double scale = largest(reference[k]);
    if (std::isinf(scale)) return scale;
    worst = std::max(worst, ratio(largest_difference(values[k], reference[k]), scale > 0.0 ? scale : overall));
  }
  return worst;
}

// Both sides of an inner product: the sum, and the root of the sum of squared terms, which is the size that
// the sum of random-sign terms has when it does not happen to cancel.
struct InnerProduct {
  long double sum = 0.0L;
  long double squares = 0.0L;
  void add(long double term) {
    sum += term;
    squares += term * term;
  }
  void add(const Vector& a, const Vector& b) {
    for (std::size_t i = 0; i < a.size(); ++i) add(static_cast<long double>(a[i]) * b[i]);
  }
};

inline double mismatch(const InnerProduct& a, const InnerProduct& b) {
  const long double scale = std::max({std::fabs(a.sum), std::fabs(b.sum), std::sqrt(a.squares), std::sqrt(b.squares)});
  const double error = static_cast<double>(std::fabs(a.sum - b.sum));
  if (!std::isfinite(error)) return std::numeric_limits<double>::infinity();
  return ratio(error, static_cast<double>(scale));
}

// What the primal leaves behind: its value and every View that it writes.
template <class P>
Vectors outputs(P& parameters, double value) {
  Vectors all{{value}};
  each(parameters, [&](auto& p) {
    if (p.role().written) all.push_back(p.values());
  });
  return all;
}

struct Report {
  double inner_product = 0.0;
  double finite_differences = 0.0;
  double agreement = 0.0;
  double repeat = 0.0;      // later calls with the same workspace against the first
  double accumulate = 0.0;  // a call without a workspace onto adjoints that are not zero
  double primal = 0.0;      // outputs of the gradient's primal against the user's primal
  bool reproducible = true;
  bool finite = true;  // the user's primal and tangent give finite results
};

template <class Kernel>
class Verifier {
 public:
  using P = typename Kernel::Parameters;

  Verifier(Gradient<P>& gradient, Gradient<P>& reference) : gradient_(gradient), reference_(reference) {}

  void full_size(P& p) {
    const Vectors expected = run_primal(p);
    for (const Vector& block : expected) report.finite = report.finite && std::isfinite(largest(block));
    const Vectors seeds = random_seeds(p, 1);
    const Vectors first = run(p, seeds, 1.0, expected);
    check_identity(p, seeds, 1.0, first, 2);
    for (int again = 0; again < 2; ++again) {
      const Vectors next = run(p, seeds, 1.0, expected);
      report.reproducible = report.reproducible && next == first;
      report.repeat = std::max(report.repeat, disagreement(next, first));
    }
    check_accumulation(p, seeds, first, expected);
    const double seed = Kernel::returns ? -1.25 : 1.0;
    const Vectors other_seeds = random_seeds(p, 3);
    check_identity(p, other_seeds, seed, run(p, other_seeds, seed, expected), 4);
    each_active(p, [](auto& a) { a.drop_tangents(); });
  }

  void small_size(P& p) {
    const Vectors expected = run_primal(p);
    const Vectors seeds = random_seeds(p, 5);
    const Vectors own = run(p, seeds, 1.0, expected);
    set_entry(p, seeds);
    reference_.call_alone(p);
    report.agreement = disagreement(own, gradients(p));
    check_finite_differences(p);
  }

  Report report;

 private:
  Vectors run_primal(P& p) {
    restore(p);
    const double value = Kernel::primal(p);
    return outputs(p, value);
  }

  // Entry values of the adjoints: random seeds for dependents, zero for pure independents.
  Vectors random_seeds(P& p, std::uint64_t stream) {
    Random random(stream);
    Vectors seeds;
    each_active(p, [&](auto& a) {
      const std::size_t size = a.adjoints().size();
      seeds.push_back(a.role().dependent ? random.vector(size) : Vector(size, 0.0));
    });
    return seeds;
  }

  void set_entry(P& p, const Vectors& entry) {
    restore(p);
    std::size_t k = 0;
    each_active(p, [&](auto& a) { a.set_adjoints(entry[k++]); });
  }

  // Adjoints of the independents; an empty vector stands for a dependent that is no independent.
  Vectors gradients(P& p) {
    Vectors all;
    each_active(p, [&](auto& a) { all.push_back(a.role().independent ? a.adjoints() : Vector()); });
    return all;
  }

  Vectors run(P& p, const Vectors& entry, double seed, const Vectors& expected) {
    set_entry(p, entry);
    const double value = seed == 1.0 ? gradient_.call(p) : gradient_.call_seeded(p, seed);
    Kokkos::fence();
    report.primal = std::max(report.primal, disagreement(outputs(p, value), expected));
    return gradients(p);
  }

  // <x_d, x_b> = <y_d, y_b>. Every independent's direction is scaled by its gradient, so that no parameter's
  // contribution drowns in another's.
  void check_identity(P& p, const Vectors& seeds, double seed, const Vectors& gradient, std::uint64_t stream) {
    Random random(stream);
    restore(p);
    InnerProduct left;
    std::size_t k = 0;
    each_active(p, [&](auto& a) {
      const Vector& g = gradient[k];
      if (a.role().independent) {
        const double size = largest(g) * std::sqrt(static_cast<double>(std::max<std::size_t>(g.size(), 1)));
        const bool usable = size > (a.single ? 1e-12 : 1e-100) && size < (a.single ? 1e12 : 1e100);
        a.set_tangents(random.vector(g.size(), usable ? 1.0 / size : 1.0));
        left.add(a.tangents(), g);  // as stored: rounded to float where the parameter is float
      } else {
        a.set_tangents(Vector(seeds[k].size(), 0.0));
      }
      ++k;
    });
    double value_d = 0.0;
    Kernel::tangent(p, value_d);
    Kokkos::fence();
    InnerProduct right;
    if (Kernel::returns) right.add(static_cast<long double>(seed) * value_d);
    k = 0;
    each_active(p, [&](auto& a) {
      if (a.role().dependent) right.add(a.tangents(), seeds[k]);
      ++k;
    });
    report.inner_product = std::max(report.inner_product, mismatch(left, right));
  }

  // Adjoints of Views that f does not write are accumulated into: start from values of the gradient's size.
  void check_accumulation(P& p, const Vectors& seeds, const Vectors& gradient, const Vectors& expected) {
    Random random(6);
    Vectors entry = seeds;
    std::vector<bool> adds;
    std::size_t k = 0;
    each_active(p, [&](auto& a) {
      adds.push_back(a.role().independent && !a.role().dependent && !a.role().written);
      if (adds[k]) {
        const double size = largest(gradient[k]);
        entry[k] = random.vector(seeds[k].size(), size > 0.0 && std::isfinite(size) ? size : 1.0);
      }
      ++k;
    });
    set_entry(p, entry);
    k = 0;
    each_active(p, [&](auto& a) { entry[k++] = a.adjoints(); });  // as stored
    const double value = gradient_.call_alone(p);
    Kokkos::fence();
    report.primal = std::max(report.primal, disagreement(outputs(p, value), expected));
    Vectors found = gradients(p);
    for (k = 0; k < found.size(); ++k) {
      for (std::size_t i = 0; adds[k] && i < found[k].size(); ++i) found[k][i] -= entry[k][i];
    }
    report.accumulate = disagreement(found, gradient);
  }

  // The tangent against central differences of the user's primal in one random direction of all independents;
  // the best of several steps, since rounding and truncation pull the step in opposite directions.
  void check_finite_differences(P& p) {
    Random random(7);
    Vectors values, directions;
    bool single = false;
    restore(p);
    each_active(p, [&](auto& a) {
      single = single || a.single;
      values.push_back(a.values());
      const double size = largest(values.back());
      directions.push_back(a.role().independent
                               ? random.vector(values.back().size(), size > 0.0 && std::isfinite(size) ? size : 1.0)
                               : Vector(values.back().size(), 0.0));
      a.set_tangents(directions.back());
    });
    double value_d = 0.0;
    const double value = Kernel::tangent(p, value_d);
    Kokkos::fence();
    Vectors sizes, tangents;
    if (Kernel::returns) {
      sizes.push_back({value});
      tangents.push_back({value_d});
    }
    each_active(p, [&](auto& a) {
      if (!a.role().dependent) return;
      sizes.push_back(a.values());
      tangents.push_back(a.tangents());
    });
    double best = std::numeric_limits<double>::infinity();
    for (const double step : single ? Vector{1e-1, 3e-2, 1e-2, 3e-3, 1e-3} : Vector{1e-3, 1e-4, 1e-5, 1e-6, 1e-7}) {
      const Vectors above = perturbed(p, values, directions, step);
      const Vectors below = perturbed(p, values, directions, -step);
      double worst = 0.0;
      for (std::size_t b = 0; b < tangents.size(); ++b) {
        Vector difference(tangents[b].size());
        for (std::size_t i = 0; i < difference.size(); ++i) difference[i] = (above[b][i] - below[b][i]) / (2.0 * step);
        const double scale = std::max({largest(tangents[b]), largest(difference), 1e-6 * largest(sizes[b])});
        worst = std::max(worst, std::isinf(scale) ? scale : ratio(largest_difference(difference, tangents[b]), scale));
      }
      best = std::min(best, worst);
    }
    report.finite_differences = best;
    perturbed(p, values, directions, 0.0);
    restore(p);
  }

  Vectors perturbed(P& p, const Vectors& values, const Vectors& directions, double step) {
    restore(p);
    std::size_t k = 0;
    each_active(p, [&](auto& a) {
      Vector moved = values[k];
      for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += step * directions[k][i];
      if (a.role().independent) a.set_values(moved);
      ++k;
    });
    const double value = Kernel::primal(p);
    Vectors results;
    if (Kernel::returns) results.push_back({value});
    each_active(p, [&](auto& a) {
      if (a.role().dependent) results.push_back(a.values());
    });
    return results;
  }

  Gradient<P>& gradient_;
  Gradient<P>& reference_;
};

}  // namespace kad_harness
