"""Arrays as Postgres reads them: psycopg asks of each value of a list how it is to be written, which for thousands of
ids holds up the event loop.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID


def array(values: Iterable[str]) -> str:
    """Of what has no comma, no brace, no quotation mark, no space and is not empty. Cast it: `:ids::uuid[]`."""
    return "{" + ",".join(values) + "}"


def of_ids(ids: Iterable[UUID]) -> str:
    return array([id.hex for id in ids])
