"""`paceline worker`: one worker process."""

from __future__ import annotations

import argparse
import asyncio
import os

import uvloop

from app import logs
from app.settings import load
from tasks.worker import run as work


def run(options: argparse.Namespace) -> int:
    """Works until SIGTERM or SIGINT."""
    settings = load(os.environ)
    logs.configure(json=settings.log_json)
    concurrency = options.concurrency or settings.worker_concurrency
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(settings, concurrency=concurrency))
    return 0
