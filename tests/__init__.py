"""The tests: one file for each behaviour, on real databases and real servers."""
