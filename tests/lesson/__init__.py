"""Tests of the lesson from outside: every interpreter, and its style."""
