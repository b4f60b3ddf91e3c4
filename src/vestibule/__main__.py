"""``vestibule``, and ``python -m vestibule``."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command that was asked for."""
    # What is imported stays: to look for garbage in it is an eighth of a start. ``Front`` has it
    # looked for again.
    gc.disable()
    from vestibule.cli import main as commands  # noqa: PLC0415

    commands()


if __name__ == "__main__":
    main()
