"""A storm of counting: many threads count the same subjects, each in orders of its own; a process can run it too."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from portal import limits
from portal.db import Database
from portal.limits import Subject

NOW = datetime(2026, 11, 23, 14, 40, tzinfo=UTC)
# So many that two statements overlap: with forty, counting out of order ends in a deadlock every time.
SUBJECTS: list[Subject] = [("agency", str(number), "hour") for number in range(40)]
ROUNDS = 10


def storm(url: str, seeds: range) -> None:
    """Count all subjects ten times for each seed, all seeds at once."""

    def rounds(seed: int) -> None:
        for number in range(ROUNDS):
            order = random.Random(seed * ROUNDS + number).sample(SUBJECTS, len(SUBJECTS))
            database.write(lambda session, order=order: limits.count_all(session, NOW, order))

    database = Database(url)
    with ThreadPoolExecutor(len(seeds)) as threads:
        list(threads.map(rounds, seeds))
    database.close()
