"""What the tuner itself costs: time per trial outside compiling and running."""
