"""What a handler is given beside what the request says. Litestar finds it by the parameter's name and, as of version 3,
only where the type says so: `async def list_senders(self, caller: Caller, pool: Pool, now: Now, page: Page)`."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from litestar.di import NamedDependency

from app.api import access
from app.contract import lists
from app.db import pool
from app.settings import Settings as _Settings

Caller: TypeAlias = NamedDependency[access.Caller]
Pool: TypeAlias = NamedDependency[pool.Pool]
Settings: TypeAlias = NamedDependency[_Settings]
Now: TypeAlias = NamedDependency[datetime]
Page: TypeAlias = NamedDependency[lists.Page]
