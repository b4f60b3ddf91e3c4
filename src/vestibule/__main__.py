"""``python -m vestibule``."""

from vestibule.cli import main

main()
