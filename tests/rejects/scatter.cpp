// expect: 14:27 this ScatterView is not supported
// expect: 15:94 only ScatterViews of sums are supported
// expect: 21:5 this use of a View with the memory trait Atomic is not supported
// expect: 22:5 this use of a View with the memory trait Atomic is not supported
// expect: 23:12 the function Kokkos::Impl::AtomicDataElement::operator const double is not known
// expect: 25:3 reset also sets the View to zero where Kokkos updates it at once
// expect: 26:3 the member function ScatterView::resize is not supported | make a ScatterView for each use
#include <Kokkos_Core.hpp>
#include <Kokkos_ScatterView.hpp>
using Vector = Kokkos::View<double*>;
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
  return 0;
}
