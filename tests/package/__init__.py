"""What is delivered: the wheel, the locks, and the two commands."""
