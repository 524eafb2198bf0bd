"""The table: which bench gives which row, what it aims at, and what a peer does for the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bench import (
    backlog,
    batch,
    compose,
    forecast,
    idle,
    imports,
    mailboxes,
    on_time,
    overflow,
    post_emails,
    send,
    send_now,
    smtp,
)
from bench.ground import Measure, Needs, Result


@dataclass(frozen=True, kw_only=True)
class Aim:
    """A figure of a row and what it should be. `figure`: its path in the result, such as `gate_ms.p99`."""

    figure: str
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    peer: Callable[[Sequence[Mapping[str, Any]]], float] | None = None  # the same figure of the peer, from its lines
    times_peer: float | None = None  # the least that it should be of that


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    title: str
    measure: Measure
    needs: Needs | None = None  # None: it starts what it needs
    aims: tuple[Aim, ...]
    peer: tuple[object, ...] = ()  # what its peer.sh is asked
    once: bool = False  # too long to be repeated
    apart: bool = False  # takes a quarter of an hour: only played where it is named
    variant: bool = False  # the same bench as one before, with other numbers


def figure(result: Mapping[str, Any], path: str) -> float:
    found: Any = result
    for name in path.split("."):
        found = found[name]
    return float(found)


def _first(path: str) -> Callable[[Sequence[Mapping[str, Any]]], float]:
    return lambda lines: figure(lines[0], path)


def _mean(name: str) -> Callable[[Sequence[Mapping[str, Any]]], float]:
    return lambda lines: sum(line[name] for line in lines) / len(lines)


def _cpu_ms(lines: Sequence[Mapping[str, Any]]) -> float:
    """CPU a message, without the mail server's."""
    spent = lines[0]["cpuSeconds"]
    return 1000 * float(spent["node"] + spent["pg"] + spent["redis"]) / float(lines[0]["count"])


def sending(**wanted: int) -> Measure:
    def measure(_ground: None, *, quick: bool) -> Result:
        return send.run(
            send.Options(
                **(wanted | {"messages": 500, "mailboxes": min(wanted.get("mailboxes", 1), 5)} if quick else wanted)
            )
        )

    return measure


def beside_nodemailer(_ground: None, *, quick: bool) -> Result:
    """Over the same slow line, the two in turn."""
    wanted = send.Options(messages=100 if quick else 500, connections=5, latency_ms=50.0)
    ours = send.run(wanted)
    theirs = send.nodemailer(wanted.messages, wanted.connections, wanted.latency_ms)
    return {**ours, "nodemailer": theirs, "ratio": round(ours["per_second"] / theirs["per_second"], 2)}


ROWS: Final = (
    Row(
        name="imports",
        title="100,000 rows of CSV, uploaded, to committed rows",
        measure=imports.measure,
        needs=imports.NEEDS,
        aims=(
            Aim(figure="per_second", unit="/s", peer=_first("emailsPerSecond"), times_peer=4),
            Aim(figure="campaign.per_second", unit="messages/s"),
        ),
        peer=("ingest", 100_000, "bulk"),
    ),
    Row(
        name="imports_million",
        variant=True,
        title="1,000,000 rows of CSV",
        measure=partial(imports.measure, rows=1_000_000),
        needs=imports.NEEDS,
        aims=(
            Aim(figure="seconds", unit="s", at_most=40),
            Aim(figure="peak_mb.reader", unit="MB", at_most=200),
            Aim(figure="peak_mb.worker", unit="MB", at_most=200),
        ),
        once=True,
    ),
    Row(
        name="batch",
        title="`POST /emails/batch` of 100, two web processes",
        measure=batch.measure,
        needs=batch.NEEDS,
        aims=(Aim(figure="per_second", unit="messages/s", at_least=10_000),),
    ),
    Row(
        name="post_emails",
        title="`POST /emails`, one web process",
        measure=post_emails.measure,
        needs=post_emails.NEEDS,
        aims=(
            Aim(figure="per_second", unit="requests/s", at_least=1000),
            Aim(figure="open_ms.p99", unit="ms at 200/s", at_most=30),
        ),
    ),
    Row(
        name="send",
        title="20,000 due, one mailbox, 50 connections, one worker",
        measure=sending(messages=20_000, connections=50),
        aims=(
            Aim(figure="per_second", unit="/s", peer=_first("emailsPerSecond"), times_peer=4),
            Aim(figure="cpu_ms.all", unit="CPU-ms a message", peer=_cpu_ms),
        ),
        peer=("send", 20_000, 50, 1),
    ),
    Row(
        name="send_5",
        variant=True,
        title="the same with 5 connections",
        measure=sending(messages=20_000, connections=5),
        aims=(Aim(figure="per_second", unit="/s", peer=_first("emailsPerSecond"), times_peer=1.5),),
        peer=("send", 20_000, 5, 1),
    ),
    Row(
        name="send_100_mailboxes",
        variant=True,
        title="100,000 due, 100 mailboxes, four workers",
        measure=sending(messages=100_000, mailboxes=100, connections=5, workers=4),
        aims=(
            Aim(figure="per_second", unit="/s", peer=_first("emailsPerSecond"), times_peer=5),
            Aim(figure="cpu_ms.all", unit="CPU-ms a message", at_most=0.4, peer=_cpu_ms),
        ),
        peer=("send", 20_000, 50, 4),
    ),
    Row(
        name="round_trip",
        variant=True,
        title="500 due, 5 connections, 50 ms round trip, beside nodemailer's pool",
        measure=beside_nodemailer,
        aims=(
            Aim(figure="per_second", unit="/s"),
            Aim(figure="nodemailer.per_second", unit="/s, nodemailer"),
            Aim(figure="ratio", unit="times as fast", at_least=1.8),
        ),
    ),
    Row(
        name="on_time",
        title="lateness, 500 messages 20 ms apart, 1,000,000 future rows stored",
        measure=on_time.measure,
        needs=on_time.NEEDS,
        aims=(
            Aim(figure="gate_ms.p50", unit="ms, gate", at_most=5, peer=_first("milliseconds.p50")),
            Aim(figure="gate_ms.p99", unit="ms, gate", at_most=20, peer=_first("milliseconds.p99")),
            Aim(figure="dot_ms.p50", unit="ms, dot"),
            Aim(figure="dot_ms.p99", unit="ms, dot"),
        ),
        peer=("lateness", 500, 20, 50),
    ),
    Row(
        name="send_now",
        title="send now over the API, idle system: request to MAIL",
        measure=send_now.measure,
        needs=send_now.NEEDS,
        aims=(Aim(figure="cold_ms.p99", unit="ms", at_most=50), Aim(figure="warm_ms.p99", unit="ms")),
    ),
    Row(
        name="overflow",
        title="100,000 due, limit 200 a window",
        measure=overflow.measure,
        needs=overflow.NEEDS,
        aims=(
            Aim(figure="lane_runs", unit="lane runs a window", at_most=10),
            Aim(figure="redis_commands", unit="Redis commands a window", at_most=500),
            Aim(figure="redis_calls", unit="the same with those of scripts", peer=_mean("redisCommands")),
        ),
        peer=("overflow", 20_000, 200, 50, 20_000, 2),
        once=True,
    ),
    Row(
        name="overflow_million",
        variant=True,
        title="1,000,000 due, limit 200 a window",
        measure=partial(overflow.measure, waiting=1_000_000),
        needs=overflow.NEEDS,
        aims=(
            Aim(figure="lane_runs", unit="lane runs a window", at_most=10),
            Aim(figure="redis_commands", unit="Redis commands a window", at_most=500),
        ),
        once=True,
    ),
    Row(
        name="mailboxes",
        title="10,000 mailboxes, each with a message a minute, one worker",
        measure=mailboxes.measure,
        needs=mailboxes.NEEDS,
        aims=(
            Aim(figure="gate_ms.p50", unit="ms"),
            Aim(figure="gate_ms.p99", unit="ms", at_most=200),
            Aim(figure="cpu_percent.worker", unit="% of a core, worker"),
            Aim(figure="worker_mb", unit="MB, worker"),
        ),
        once=True,
    ),
    Row(
        name="backlog",
        title="the backlog grows from 10,000 to 10,000,000 messages",
        measure=backlog.measure,
        apart=True,
        aims=(
            Aim(figure="sending_growth", unit="times: claim, gate, record", at_most=1.5),
            Aim(figure="address_p95_ms", unit="ms p95, search by address", at_most=50),
            Aim(figure="look_p95_ms", unit="ms p95, the slowest list or search", at_most=50),
        ),
        once=True,
    ),
    Row(
        name="idle",
        title="idle cost",
        measure=idle.measure,
        needs=idle.NEEDS,
        aims=(
            Aim(figure="cpu_percent.worker", unit="% of a core, worker", at_most=1),
            Aim(figure="worker_mb", unit="MB, worker", at_most=120),
            Aim(figure="queries_per_second", unit="queries/s a worker", at_most=5),
        ),
        once=True,
    ),
    Row(
        name="smtp",
        title="handing in alone, 20 connections, one core",
        measure=smtp.measure,
        aims=(
            Aim(figure="pipelined.per_core_second", unit="/s a core, PIPELINING"),
            Aim(figure="plain.per_core_second", unit="/s a core without"),
        ),
    ),
    Row(
        name="compose",
        title="putting a message together, beside `EmailMessage`",
        measure=compose.measure,
        aims=(Aim(figure="per_second", unit="/s a core"), Aim(figure="ratio", unit="times as fast")),
    ),
    Row(
        name="forecast",
        title="a forecast of 1,000,000 messages, the longest case",
        measure=forecast.measure,
        aims=(Aim(figure="longest_ms", unit="ms"),),
    ),
)
