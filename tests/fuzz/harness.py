"""What the tests of this folder share: inputs, a limit of time, and what must hold of results."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import yaml

from simdiag.api import Simdiag
from simdiag.errors import Problem
from simdiag.model.values import exactly

TIMES = float(os.environ.get("SIMDIAG_FUZZ", "1"))
SECONDS = 10
NOW = exactly(1_763_650_800)
EXAMPLES = Path(__file__).parents[2] / "examples"


def seeds(usual: int) -> range:
    """Give the seeds of one test; ``SIMDIAG_FUZZ=20`` tries twenty times as many."""
    return range(max(1, int(usual * TIMES)))


@cache
def tool(engine: str) -> Simdiag:
    """Load the shipped knowledge once for each engine."""
    if engine == "reference":
        return Simdiag.load(languages=["en"], engine=engine)
    return Simdiag(tool("reference").base, engine)


@cache
def shipped() -> dict[str, bytes]:
    """Give the facts files among the examples, by name."""
    found = [path for path in EXAMPLES.glob("*/*.yaml") if path.name != "expected.yaml"]
    return {path.name: path.read_bytes() for path in sorted(found)}


@cache
def as_json() -> dict[str, bytes]:
    """Give the same examples as JSON, every scalar a text."""
    found = {}
    for name, data in shipped().items():
        value = yaml.load(data, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts only
        found[name.replace(".yaml", ".json")] = json.dumps(value).encode()
    return found


class TooSlow(Exception):  # noqa: N818 - reads as the sentence that it stands for
    """An input took too long."""


@contextmanager
def limit(seconds: float = SECONDS) -> Iterator[None]:
    """Stop what works for too long, so that a hang is a failure and not a hang of the tests.

    The time of this process counts, so that a busy machine stops nothing.
    """

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise TooSlow(number, frame)

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def faults_of_problem(problem: Problem, names: set[str]) -> list[str]:
    """Say what is wrong with the report of a problem."""
    span = problem.span
    if span.file in names and span.line >= 1 and span.column >= 1 and len(str(problem)) < 1000:
        return []
    return [f"a problem without a place, or too long: {str(problem)[:200]}"]


def faults_of_result(result: dict[str, Any]) -> list[str]:
    """Say what is wrong with a result."""
    found = []
    if not any(each["status"] == "recommended" for each in result["actions"]):
        found.append("the plan is empty")
    json.dumps(result, ensure_ascii=False, allow_nan=False).encode()
    return found


def faults_of_facts(name: str, data: bytes, *, compare: bool = True) -> list[str]:
    """Read a facts file and assess its cases; say what is wrong with what comes out."""
    first, second = tool("reference"), tool("experta")
    found: list[str] = []
    with limit():
        entries = list(first.entries({name: data}, first.reader(default_as_of=NOW)))
        if not entries:
            found.append("nothing came out")
        for entry in entries:
            for problem in entry.problems:
                found += faults_of_problem(problem, {name})
            if (entry.case is None) != bool(entry.errors):
                found.append("neither a case nor an error")
        cases = [entry.case for entry in entries if entry.case is not None]
        for case in cases[:2]:
            write = first.serialiser().assessment
            result = write(first.assess(case))
            found += faults_of_result(result)
            if compare and result != write(second.assess(case)):
                found.append("the engines differ")
    return found
