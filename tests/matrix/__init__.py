"""The lesson on every interpreter, and the grader against every mistake: minutes, not seconds."""
