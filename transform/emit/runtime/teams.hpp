// kad runtime: copies of small arrays in the scratch memory of teams.
#ifndef KAD_RUNTIME_TEAMS
#define KAD_RUNTIME_TEAMS

namespace kad {

template <class Space, unsigned Threads = block_threads, unsigned Blocks = 0>
using Teams = Kokkos::TeamPolicy<Space, Kokkos::LaunchBounds<Threads, Blocks>>;

// Bytes of a team's copy of an adjoint; 0 if it is too large for one of `Copies`.
template <int Copies, class V>
KOKKOS_INLINE_FUNCTION std::size_t team_bytes(const V& v) {
  const std::size_t bytes = (v.span() * sizeof(typename V::value_type) + 63) / 64 * 64;
  return bytes * Copies <= 16384 ? bytes : 0;
}

// Teams that share [lo, hi) and have `bytes` of scratch memory each. As many as run at once, on a host of one thread.
template <class Space, unsigned Threads = block_threads, unsigned Blocks = 0, class I>
Teams<Space, Threads, Blocks> teams(I lo, I hi, std::size_t bytes, int size) {
  constexpr int most = Threads == 0 ? 1024 : static_cast<int>(Threads);
  const int threads = on_host<Space> ? 1 : size < most ? size : most;
  const std::int64_t length = hi > lo ? static_cast<std::int64_t>(hi - lo) : 0;
  const std::int64_t room = static_cast<std::int64_t>(Space().concurrency()) / threads;
  const std::int64_t needed = (length + threads - 1) / threads;
  Teams<Space, Threads, Blocks> policy(static_cast<int>(needed < room ? needed : room < 1 ? 1 : room), threads);
  policy.set_scratch_size(0, Kokkos::PerTeam(static_cast<int>(bytes)));
  return policy;
}

// The iterations of one thread of a team: the team has neighbours, its threads take turns.
template <class I, class Member>
KOKKOS_INLINE_FUNCTION Turns<I> turns_of(I lo, I hi, const Member& member) {
  const Part<I> part = chunk(lo, hi, member.league_rank(), member.league_size());
  return turns(part.begin, part.end, member.team_rank(), member.team_size());
}

// A team's copy of an adjoint, zeroed; the adjoint itself where it is too large.
template <int Copies, class V>
class TeamCopy {
 public:
  using T = typename V::non_const_value_type;
  using View = Kokkos::View<typename V::data_type, typename V::array_layout, typename V::device_type,
                            Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

  template <class Member>
  KOKKOS_INLINE_FUNCTION TeamCopy(const V& target, const Member& member)
      : bytes_(team_bytes<Copies>(target)),
        data_(bytes_ == 0 ? target.data() : static_cast<T*>(member.team_scratch(0).get_shmem(bytes_))),
        view_(data_, target.layout()),
        alone_(bytes_ != 0 && member.team_size() == 1) {
    if (bytes_ == 0) return;
    for (std::size_t k = member.team_rank(); k < target.span(); k += member.team_size()) data_[k] = T(0);
    member.team_barrier();
  }
  template <class... I>
  KOKKOS_INLINE_FUNCTION void add(T value, I... i) const {
    if (alone_) {
      view_(i...) += value;
    } else {
      Kokkos::atomic_add(&view_(i...), value);
    }
  }
  // Gaps between the elements of a strided View hold zeros in the copy and stay untouched.
  template <class Member>
  KOKKOS_INLINE_FUNCTION void deliver(const V& target, const Member& member) const {
    if (bytes_ == 0) return;
    member.team_barrier();
    for (std::size_t k = member.team_rank(); k < target.span(); k += member.team_size()) {
      if (data_[k] != T(0)) Kokkos::atomic_add(target.data() + k, data_[k]);
    }
  }

 private:
  std::size_t bytes_;
  T* data_;
  View view_;
  bool alone_;
};

}  // namespace kad
#endif
