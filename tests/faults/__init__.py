"""What takes long to go wrong: not part of every run, ``make test-faults`` is for it."""
