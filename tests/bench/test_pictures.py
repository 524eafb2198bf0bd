"""A report in the page: its table, and pictures of what was played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench.pictures import BEGIN, END, PAGE, main


def run(result: Any) -> dict[str, Any]:
    return {"load": 0.5, "took_seconds": 1.0, "result": result}


def test_a_report_replaces_the_one_before_it_in_the_page(tmp_path: Path) -> None:
    cpu = {"worker": 0.2, "postgres": 0.1, "redis": 0.0, "all": 0.3}
    theirs = {"emailsPerSecond": 800, "count": 1000, "cpuSeconds": {"node": 1, "pg": 0.5, "redis": 0.25}}
    ours = [run({"per_second": rate, "cpu_ms": cpu}) for rate in (3000, 4000, 9000)]
    report = {
        "began_at": "2026-11-22T07:00:00+00:00",
        "machine": {"cores": 4, "processor": "Test", "memory_gb": 16, "system": "Linux"},
        "versions": {"paceline": "abc1234", "python": "3.11", "postgres": "postgres 18"},
        "rows": {"send": {"runs": ours, "peer": [run([theirs])]}},
    }
    given, page = tmp_path / "bench.json", tmp_path / "performance.md"
    given.write_text(json.dumps(report))
    page.write_text(f"# Page\n\n{BEGIN}\nof last year\n{END}\n\nafter\n")
    main([str(given), str(page)])
    text = page.read_text()
    assert "| 4,000 /s | 800 | 5.00x | >= 4x peer | met |" in text, "the median of ours, beside theirs"
    assert "of last year" not in text
    assert text.endswith(f"{END}\n\nafter\n")
    drawn = sorted(path.name for path in (tmp_path / "performance").iterdir())
    assert drawn == ["costs.svg", "rates.svg"], "nothing of what was not played"
    for name in drawn:
        ElementTree.parse(tmp_path / "performance" / name)
        assert f"performance/{name}" in text


def test_the_page_has_a_place_for_a_report() -> None:
    assert BEGIN in PAGE.read_text()
    assert END in PAGE.read_text()
