"""Gradients for the ideas of the functions in the Kokkos unit tests of Clad."""
