"""Figures for operators, over all workspaces and without a name or an address of any."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.domain.status import Status

OUTCOMES: Final = ("pending", "accepted", "rejected", "unknown", "void")
SENDER_STATES: Final = ("active", "paused", "disabled")


class Figure(msgspec.Struct, frozen=True):
    """A gauge: how much there is now, for each value of its label, if it has one."""

    name: str
    meaning: str
    label: str | None
    values: dict[str, float]  # by the label's value; "" without a label


async def figures(pool: Pool) -> list[Figure]:
    """A few short queries, however many messages there are."""
    async with pool.connection() as conn:
        lanes = await queries.metrics.lanes(conn)
        workers = await queries.metrics.workers(conn)
        waiting = await _by(conn, queries.metrics.waiting, "reason")
        webhooks = await rows(queries.metrics.webhooks(conn))
        return [
            Figure(
                "paceline_emails",
                "Messages by status.",
                "status",
                dict.fromkeys(Status, 0.0) | await _by(conn, queries.metrics.emails, "status"),
            ),
            Figure(
                "paceline_dispatches_last_minute",
                "Messages that passed the gate in the last minute, by what became of them.",
                "outcome",
                dict.fromkeys(OUTCOMES, 0.0) | await _by(conn, queries.metrics.dispatches, "outcome"),
            ),
            Figure("paceline_lanes_waiting", "Lanes with mail waiting, by what holds them back.", "reason", waiting),
            _one("paceline_lanes_overdue", "Lanes that nothing holds back and nobody has served.", lanes["overdue"]),
            _one("paceline_lateness_seconds", "How long the latest of those is overdue.", lanes["lateness"]),
            _one("paceline_workers", "Worker processes that are alive.", workers),
            Figure(
                "paceline_senders",
                "Senders by state.",
                "state",
                dict.fromkeys(SENDER_STATES, 0.0) | await _by(conn, queries.metrics.senders, "state"),
            ),
            Figure(
                "paceline_webhooks",
                "Webhook endpoints by status.",
                "status",
                {"enabled": 0.0, "disabled": 0.0} | {row["status"]: row["count"] for row in webhooks},
            ),
            _one(
                "paceline_webhooks_overdue",
                "Webhook endpoints with a delivery that is overdue.",
                sum(row["overdue"] for row in webhooks),
            ),
        ]


def _one(name: str, meaning: str, value: float) -> Figure:
    return Figure(name, meaning, None, {"": value})


async def _by(conn: Conn, query: Any, label: str) -> dict[str, float]:
    return {row[label]: row["count"] for row in await rows(query(conn))}
