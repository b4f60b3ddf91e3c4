"""How long a batch of sweeping takes, on the database that the environment names.

``python -m bench.sweeps`` removes rows: it looks from a later day, when some are over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

from vestibule import config
from vestibule.auth import Auth
from vestibule.auth.upkeep import BATCH

BATCHES = 5
# Half of the sessions are over then, and all of the trail.
FORTNIGHT, YEARS = timedelta(days=15), timedelta(days=1000)


def main() -> None:
    """Print milliseconds of a batch of sessions, and of a batch of the audit trail, as JSON."""
    ahead = timedelta(0)

    def clock() -> datetime:
        return config.clock() + ahead

    auth = Auth.open(config.load(), clock)
    ahead = FORTNIGHT
    found = {"sweep ms": _batches(auth.sessions.sweep)}
    ahead = YEARS
    print(json.dumps(found | {"audit sweep ms": _batches(auth.audit.sweep)}))
    auth.upkeep.close()


def _batches(sweep: Callable[[int], bool]) -> float:
    taken = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        if not sweep(BATCH):
            raise SystemExit("bench: there was too little to sweep")
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


if __name__ == "__main__":
    main()
