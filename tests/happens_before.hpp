// Tells ThreadSanitizer what libgomp, which is not instrumented, orders: the start and end of parallel regions
// and barriers. The real functions are called through.
#pragma once
#include <dlfcn.h>

extern "C" {
void __tsan_acquire(void*);
void __tsan_release(void*);
}

namespace happens_before {
inline char start, end, barrier;
struct Region {
  void (*body)(void*);
  void* data;
};
inline void run(void* region) {
  __tsan_acquire(&start);
  auto* r = static_cast<Region*>(region);
  r->body(r->data);
  __tsan_release(&end);
}
template <class F> F real(const char* name) { return reinterpret_cast<F>(dlsym(RTLD_NEXT, name)); }
}  // namespace happens_before

extern "C" void GOMP_parallel(void (*body)(void*), void* data, unsigned threads, unsigned flags) {
  using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
  static const Parallel parallel = happens_before::real<Parallel>("GOMP_parallel");
  happens_before::Region region{body, data};
  __tsan_release(&happens_before::start);
  parallel(happens_before::run, &region, threads, flags);
  __tsan_acquire(&happens_before::end);
}
extern "C" void GOMP_barrier() {
  using Barrier = void (*)();
  static const Barrier barrier = happens_before::real<Barrier>("GOMP_barrier");
  __tsan_release(&happens_before::barrier);
  barrier();
  __tsan_acquire(&happens_before::barrier);
}
