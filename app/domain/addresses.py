"""Email addresses."""

from typing import Final

PATH_LIMIT: Final = 254
