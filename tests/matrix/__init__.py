"""The lesson on every interpreter, and the grader on every kind of folder: minutes, not seconds."""
