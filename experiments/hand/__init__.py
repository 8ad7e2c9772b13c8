"""Tuned gradients against adjoints written by hand, timed side by side in one program."""
