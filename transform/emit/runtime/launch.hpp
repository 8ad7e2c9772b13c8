// kad runtime: how kernels are launched.
#ifndef KAD_RUNTIME_LAUNCH
#define KAD_RUNTIME_LAUNCH

// Before a loop: its body this many times per turn. nvcc hands the code for the host to a compiler of its own choice.
#define KAD_PRAGMA(text) _Pragma(#text)
#if defined(__clang__) || defined(__CUDA_ARCH__)
#define KAD_UNROLL(times) KAD_PRAGMA(unroll times)
#elif defined(__GNUC__) && !defined(__NVCC__)
#define KAD_UNROLL(times) KAD_PRAGMA(GCC unroll times)
#else
#define KAD_UNROLL(times)
#endif

namespace kad {

// Threads of a block. HIP chooses them by the number of iterations: a kernel that needs more registers than so many
// threads can have would not start. 0: as Kokkos chooses.
#ifdef KOKKOS_ENABLE_HIP
constexpr unsigned block_threads = 256;
#else
constexpr unsigned block_threads = 0;
#endif

template <class Space, class Index, unsigned Threads = block_threads, unsigned Blocks = 0>
using Range = Kokkos::RangePolicy<Space, Kokkos::IndexType<Index>, Kokkos::LaunchBounds<Threads, Blocks>>;

// Iterations go to whichever thread is free.
template <class Space, class Index, unsigned Threads = block_threads, unsigned Blocks = 0>
using DynamicRange = Kokkos::RangePolicy<Space, Kokkos::IndexType<Index>, Kokkos::Schedule<Kokkos::Dynamic>,
                                         Kokkos::LaunchBounds<Threads, Blocks>>;

template <class Space, unsigned Rank, unsigned Threads = block_threads, unsigned Blocks = 0>
using Tiles = Kokkos::MDRangePolicy<Space, Kokkos::Rank<Rank>, Kokkos::LaunchBounds<Threads, Blocks>>;

// Choices that need no other code. 0: as Kokkos chooses.
struct Knobs {
  int chunk = 0;             // iterations that a thread takes at once from a DynamicRange
  int occupancy = 100;       // percent of a device's threads to aim at
  int tile[3] = {0, 0, 0};   // edges of the tiles of kernels over several ranges; 1 in further dimensions
  int replicas = 8;          // private copies where threads share them
  int team_size = 256;       // threads of a device's team at most
};

template <class Space, class Index, unsigned Threads = block_threads, unsigned Blocks = 0, class Lo, class Hi>
auto range(Lo lo, Hi hi, const Knobs& knobs) {
  const Kokkos::Experimental::DesiredOccupancy occupancy(knobs.occupancy);
  return Kokkos::Experimental::prefer(Range<Space, Index, Threads, Blocks>(lo, hi), occupancy);
}

template <class Space, class Index, unsigned Threads = block_threads, unsigned Blocks = 0, class Lo, class Hi>
auto dynamic_range(Lo lo, Hi hi, const Knobs& knobs) {
  const Kokkos::Experimental::DesiredOccupancy occupancy(knobs.occupancy);
  DynamicRange<Space, Index, Threads, Blocks> policy(lo, hi);
  if (knobs.chunk > 0) policy.set_chunk_size(knobs.chunk);
  return Kokkos::Experimental::prefer(policy, occupancy);
}

template <class Space, unsigned Rank, unsigned Threads = block_threads, unsigned Blocks = 0>
auto tiles(const typename Tiles<Space, Rank, Threads, Blocks>::point_type& lo,
           const typename Tiles<Space, Rank, Threads, Blocks>::point_type& hi, const Knobs& knobs) {
  using Policy = Tiles<Space, Rank, Threads, Blocks>;
  const Kokkos::Experimental::DesiredOccupancy occupancy(knobs.occupancy);
  typename Policy::tile_type edges{};
  for (unsigned d = 0; knobs.tile[0] > 0 && d < Rank; ++d) edges[d] = d < 3 && knobs.tile[d] > 0 ? knobs.tile[d] : 1;
  return Kokkos::Experimental::prefer(Policy(lo, hi, edges), occupancy);
}

// The same View, read through the device's cache for data that no kernel changes meanwhile.
template <class V>
using ReadOnly = Kokkos::View<typename V::const_data_type, typename V::array_layout, typename V::device_type,
                              Kokkos::MemoryTraits<Kokkos::RandomAccess>>;

}  // namespace kad
#endif
