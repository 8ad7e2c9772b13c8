"""How many variants a minute are built, verified and timed."""
