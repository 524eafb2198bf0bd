"""What every Struct of the public JSON API is made of."""

from __future__ import annotations

import msgspec


class Input(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a caller sends. A field that is unknown is refused, never ignored; an absent one takes its default."""


class Output(msgspec.Struct, kw_only=True):
    """What a caller gets. No defaults: every field is always there, `null` where there is nothing to say."""
