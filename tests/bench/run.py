"""Benchmarks: `make bench`. Every figure is a ratio to a peer of the same run, beside its time.

Peers: `python -c pass` for whole processes; experta as it comes, with its own matcher and strategy,
for inference on the same compiled rules.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from simdiag.api import Simdiag, write_json
from simdiag.engines.base import Engine
from simdiag.engines.rete.batches import RuleBuilder
from simdiag.engines.rete.engine import ReteEngine
from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import RuleSpec, build_engine
from simdiag.model.cases import Case

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(
    path for path in ROOT.glob("examples/*/[0-9]*.yaml") if path.name != "expected.yaml"
)


def seconds(action: Callable[[], object], rounds: int) -> float:
    """Give the median time of an action in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def process(*arguments: str) -> Callable[[], object]:
    """Give an action that runs one whole process."""
    return lambda: subprocess.run(arguments, check=True, capture_output=True)


def processes(rounds: int) -> list[dict[str, object]]:
    """Time the commands as whole processes against an empty Python."""
    simdiag = str(Path(sys.executable).with_name("simdiag"))
    one = str(EXAMPLES[0])
    peer = seconds(process(sys.executable, "-c", "pass"), rounds)
    rows: list[dict[str, object]] = []
    row: dict[str, object]
    for name, command in {
        "simdiag --help": (simdiag, "--help"),
        "simdiag diagnose, one case": (simdiag, "diagnose", one),
        "simdiag diagnose --engine reference": (simdiag, "diagnose", one, "--engine", "reference"),
    }.items():
        taken = seconds(process(*command), rounds)
        row = {"what": name, "ms": 1000 * taken, "ratio": taken / peer, "peer": "python -c pass"}
        rows.append(row)
    return rows


def stock_engine(simdiag: Simdiag) -> Engine:
    """Give our compiled rules on experta as it comes: its own network, agenda and strategy."""
    experta = load_experta()

    def build(name: str, specs: Sequence[RuleSpec]) -> type:
        stock = {
            "__matcher__": experta.matchers.rete.ReteMatcher,
            "__strategy__": experta.strategies.DepthStrategy,
        }
        return type(name, (build_engine(name, specs),), stock)

    engine = ReteEngine(simdiag.program)
    engine.builder = RuleBuilder(simdiag.program, build)
    return engine


def results(simdiag: Simdiag, cases: Sequence[Case], engine: Engine) -> list[str]:
    """Give the result of each case as JSON, or the error."""
    simdiag.__dict__["engine"] = engine
    found = []
    for case in cases:
        try:
            found.append(write_json(simdiag.serialiser().assessment(simdiag.assess(case))))
        except Exception as error:  # noqa: BLE001 - a peer may fail in any way
            found.append(f"failed: {type(error).__name__}")
    return found


def inference(rounds: int) -> list[dict[str, object]]:
    """Time the inference of one case by each engine on the shipped examples."""
    base = Simdiag.load(languages=["en"])
    cases = [case for path in EXAMPLES for case in base.cases(path, base.reader())]
    reference = Simdiag(base.base, "reference").engine
    engines = {
        "reference": reference,
        "experta (ours)": base.engine,
        "experta (stock)": stock_engine(base),
    }
    expected = results(base, cases, reference)
    times = {}
    wrong = {}
    for name, engine in engines.items():
        answers = results(base, cases, engine)
        wrong[name] = sum(a != b for a, b in zip(answers, expected, strict=True)) / len(cases)
        times[name] = seconds(partial(infer_all, engine, cases), rounds)
    peer = times["experta (stock)"]
    return [
        {
            "what": f"inference of one case, {name}",
            "ms": 1000 * taken / len(cases),
            "ratio": taken / peer,
            "peer": "experta (stock)",
            "wrong": wrong[name],
        }
        for name, taken in times.items()
    ]


def infer_all(engine: Engine, cases: Sequence[Case]) -> None:
    """Infer every case; what a peer cannot do is counted as wrong elsewhere."""
    for case in cases:
        with suppress(Exception):
            engine.infer(case)


def main() -> None:
    """Run the benchmarks and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    options = parser.parse_args()
    rows = [*processes(options.rounds), *inference(max(1, options.rounds // 2))]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        wrong = f"  wrong in {row['wrong']:.0%} of cases" if row.get("wrong") else ""
        print(f"{row['what']:<42}{row['ms']:>10.1f} ms{row['ratio']:>9.2f} x {row['peer']}{wrong}")


if __name__ == "__main__":
    main()
