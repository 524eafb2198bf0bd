"""css-inline, which fetches nothing here and stops nothing.

It holds the interpreter's lock while it works: what may take more than a twentieth of a second would stop the whole
process, from a thread too, so a process of its own does it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import css_inline

# Up to here it takes a twentieth of a second at its worst.
LIGHT_WORK: Final = 100_000  # elements x declarations
LIGHT_SELECTORS: Final = 8_000_000  # elements x characters of style sheets
LIGHT_ATTRIBUTES: Final = 20_000_000  # selectors that look into attributes x characters to look into
LONGEST: Final = 20  # seconds

_OPTIONS: Final = (
    "load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True, remove_inlined_selectors=True"
)
_inliner: Final = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True, remove_inlined_selectors=True
)
_ELSEWHERE: Final = f"""
import sys, css_inline
html = sys.stdin.buffer.read().decode("utf-8", "surrogatepass")
try:
    html = css_inline.CSSInliner({_OPTIONS}).inline(html)
except (css_inline.InlineError, ValueError) as error:
    sys.exit(str(error))
sys.stdout.buffer.write(html.encode())
"""


def declarations_of(css: str) -> int:
    """How many, such as `color: red`, there are at most."""
    return css.count(";") + css.count("{")


def inline(html: str, css: str, elements: int) -> str:
    """`css`: of all its sheets. Raises ValueError for what cannot be read, TimeoutError for what takes too long."""
    if not _is_light(html, css, elements):
        return _elsewhere(html)
    try:
        return _inliner.inline(html)
    except css_inline.InlineError as error:
        raise ValueError(str(error)) from None


def _is_light(html: str, css: str, elements: int) -> bool:
    return (
        declarations_of(css) * elements <= LIGHT_WORK
        and len(css) * elements <= LIGHT_SELECTORS
        and css.count("[") * len(html) <= LIGHT_ATTRIBUTES
    )


def _elsewhere(html: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # the program is fixed, the HTML is its input
            [sys.executable, "-P", "-c", _ELSEWHERE],
            input=html.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip()[-200:])
    return done.stdout.decode()
