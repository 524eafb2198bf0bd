"""Who gives an order: a person, or an API key."""

from __future__ import annotations

from uuid import UUID

import msgspec


class Actor(msgspec.Struct, frozen=True):
    """`id`: the person; of an API key whoever made it, or the key itself where no person did. None: nobody is known."""

    id: UUID | None
    api_key: str | None = None  # the key's name


NOBODY = Actor(None)
