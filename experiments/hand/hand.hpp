// What the hand-written adjoints share: threads and their parts of a range, private copies, a mesh's coloring and
// its inverse map. An expert builds the latter two once per mesh, so they are kept as long as conn is the same View.
#pragma once

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace hand {

inline int threads() { return Kokkos::DefaultExecutionSpace().concurrency(); }

// First iteration of part t of n equal parts of [0, length).
KOKKOS_INLINE_FUNCTION int part(int length, int t, int n) {
  return static_cast<int>(static_cast<std::int64_t>(length) * t / n);
}

// One array per thread but the first, which uses the adjoint itself.
struct Copies {
  std::optional<Kokkos::View<double*>> memory;
  std::size_t length = 0;
  // Call it inside the parallel region first: a thread zeroes its own copy.
  double* mine(double* original, int t) const {
    if (t == 0) return original;
    double* copy = memory->data() + (t - 1) * stride();
    for (std::size_t k = 0; k < length; ++k) copy[k] = 0.0;
    return copy;
  }
  std::size_t stride() const { return (length + 31) / 32 * 32; }
  void resize(std::size_t n) {
    if (memory && length == n) return;
    length = n;
    memory.emplace(Kokkos::view_alloc(std::string("copies"), Kokkos::WithoutInitializing), (threads() - 1) * stride());
  }
  void add_to(double* original) const {
    const int copies = threads() - 1;
    const double* from = memory->data();
    const std::size_t step = stride();
    Kokkos::parallel_for(
        "add copies", Kokkos::RangePolicy<Kokkos::IndexType<std::int64_t>>(0, length),
        KOKKOS_LAMBDA(const std::int64_t k) {
          double sum = 0.0;
          for (int c = 0; c < copies; ++c) sum += from[c * step + k];
          original[k] += sum;
        });
  }
  std::size_t bytes() const { return memory ? memory->span() * sizeof(double) : 0; }
};

// Blocks of consecutive elements in colors: those of one color share no node.
struct Colors {
  std::vector<std::vector<int>> blocks;  // by color
  const void* built_for = nullptr;
  int size = 1;

  template <class Conn>
  void build(const Conn& conn, int nodes, int block_size) {
    if (built_for == conn.data()) return;
    built_for = conn.data();
    size = block_size;
    blocks.clear();
    const int elements = static_cast<int>(conn.extent(0));
    std::vector<std::uint64_t> used(nodes, 0);
    for (int first = 0, b = 0; first < elements; first += size, ++b) {
      const int last = std::min(elements, first + size);
      std::uint64_t taken = 0;
      for (int e = first; e < last; ++e) {
        for (int k = 0; k < 3; ++k) taken |= used[conn(e, k)];
      }
      int c = 0;
      while (taken >> c & 1) ++c;
      for (int e = first; e < last; ++e) {
        for (int k = 0; k < 3; ++k) used[conn(e, k)] |= std::uint64_t(1) << c;
      }
      if (c >= static_cast<int>(blocks.size())) blocks.resize(c + 1);
      blocks[c].push_back(b);
    }
  }
};

// By node, the places (element * 3 + corner) that refer to it, in compressed rows.
struct Inverse {
  std::optional<Kokkos::View<int*>> first, place;
  const void* built_for = nullptr;

  template <class Conn>
  void build(const Conn& conn, int nodes) {
    if (built_for == conn.data()) return;
    built_for = conn.data();
    const int elements = static_cast<int>(conn.extent(0));
    first.emplace("first", nodes + 1);
    place.emplace(Kokkos::view_alloc(std::string("place"), Kokkos::WithoutInitializing), 3 * std::size_t(elements));
    auto f = *first;
    auto p = *place;
    for (int e = 0; e < elements; ++e) {
      for (int k = 0; k < 3; ++k) ++f(conn(e, k) + 1);
    }
    for (int n = 0; n < nodes; ++n) f(n + 1) += f(n);
    std::vector<int> next(f.data(), f.data() + nodes);
    for (int e = 0; e < elements; ++e) {
      for (int k = 0; k < 3; ++k) p(next[conn(e, k)]++) = 3 * e + k;
    }
  }
  std::size_t bytes() const { return first ? (first->span() + place->span()) * sizeof(int) : 0; }
};

}  // namespace hand
