"""Tests of the lesson from outside; ``tests/matrix`` has them for every interpreter."""
