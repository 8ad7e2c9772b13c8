// expect: 16:27 this ScatterView is not supported
// expect: 17:94 only ScatterViews of sums are supported
// expect: 23:5 this use of a View with the memory trait Atomic is not supported
// expect: 24:5 this use of a View with the memory trait Atomic is not supported
// expect: 25:12 the function Kokkos::Impl::AtomicDataElement::operator const double is not known
// expect: 27:3 reset also sets the View to zero where Kokkos updates it at once
// expect: 28:3 the member function ScatterView::resize is not supported | make a ScatterView for each use
// expect: 30:64 this ScatterView is not known here | declare it in the function
#include <Kokkos_Core.hpp>
#include <Kokkos_ScatterView.hpp>
using Vector = Kokkos::View<double*>;
KOKKOS_INLINE_FUNCTION auto access(const Kokkos::Experimental::ScatterView<double*>& s) { return s.access(); }
double scatter(Vector x, Vector y, int n) {
  namespace E = Kokkos::Experimental;
  E::ScatterView<double*> s(y);
  E::ScatterView<double*> own("own", n);
  E::ScatterView<double*, Kokkos::LayoutRight, Kokkos::DefaultExecutionSpace, E::ScatterMax> most(y);
  Kokkos::View<double*, Kokkos::MemoryTraits<Kokkos::Atomic>> shared = y;
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {
    auto a = s.access();
    a(i) += x(i);
    most.access()(i).update(x(i));
    shared(i) = x(i);
    shared(i) *= x(i);
    x(i) = shared(i);
  });
  s.reset();
  s.resize(2 * n);
  E::contribute(y, s);
  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) { auto hidden = access(s); hidden(i) += x(i); });
  return 0;
}
