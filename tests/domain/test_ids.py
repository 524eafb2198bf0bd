"""Identifiers that rise."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from app.domain.ids import new_id, new_ids


def test_an_id_is_a_version_7_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after + 1000


def test_ids_rise_also_in_bursts() -> None:
    made = [new_id() for _ in range(1000)] + new_ids(100_000) + new_ids(0) + [new_id()]
    assert made == sorted(set(made))


def test_threads_never_share_an_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [id for ids in threads.map(lambda _: new_ids(1000), range(50)) for id in ids]
    assert len(set(made)) == 50_000
