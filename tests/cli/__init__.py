"""The ``vestibule`` command, as whoever types it sees it: real processes, real signals."""
