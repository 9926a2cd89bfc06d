"""``simdiag batch``: many cases in, results and rejects out."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from simdiag.api import Simdiag
from simdiag.cli.main import run
from simdiag.errors import EngineFailure
from simdiag.model.assessment import Assessment
from simdiag.model.cases import Case
from simdiag.reporting.results import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
MIXED = EXAMPLES / "mixed-cases.yaml"
GOOD = {"attempt": [{"at": "2025-11-20 17:50", "payment_state": "captured"}]}
LINES = [
    json.dumps({"case": "n1", "as_of": "2025-11-20 18:00", **GOOD}),
    "",
    json.dumps({"case": "n2", "as_of": "2025-11-20", "attempt": [{"amount": 10.005, "x": 1}]}),
    '{"case": "n3", ',
    json.dumps({"case": "n1", "as_of": "2025-11-20 18:00"}),
    json.dumps({"case": "n4", "as_of": "2025-11-20 18:00", "attempt": "none"}),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with the examples beside."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    """Give the names of the files of a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def lines_of(path: Path | str) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def processed(*args: str, **env: str) -> bytes:
    """Run ``batch`` as a process of its own, the results on standard output."""
    code = "from simdiag.cli.main import main; main()"
    command = (sys.executable, "-c", code, "batch", *args, "-o", "-")
    done = subprocess.run(command, capture_output=True, check=True, env=os.environ | env, cwd=ROOT)
    return done.stdout


def test_mixed_examples(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mixed file has at least 40 cases; all come out, in order, without rejects."""
    assert run(["batch", str(MIXED), "-o", "out.jsonl"]) == 0
    results = lines_of("out.jsonl")
    written = [
        line.removeprefix("case: ").strip()
        for line in MIXED.read_text().splitlines()
        if line.startswith("case: ")
    ]
    assert len(results) >= 40
    assert [result["case"] for result in results] == written
    assert all("justifications" not in result for result in results)
    assert names(folder) == ["out.jsonl"]
    said = capsys.readouterr().err
    assert f"{len(results)} cases done" in said
    assert "You paid, but the credit has not arrived" in said


def test_mixed_file_holds_the_examples() -> None:
    """Each example of a scenario stands in the mixed file word for word."""
    mixed = MIXED.read_text()
    files = sorted(EXAMPLES.glob("*/[0-9]*.yaml"))
    assert len(files) >= 20
    assert [path.name for path in files if path.read_text() not in mixed] == []


def test_jobs_engines_and_hash_seeds_change_no_byte() -> None:
    """The bytes are the same with one process or two, either engine, any hash seed."""
    facts = "examples/tickets.csv", "--map", "examples/tickets.map.yaml"
    one = processed(*facts, PYTHONHASHSEED="0")
    assert one.count(b"\n") == 9
    assert processed(*facts, "--jobs", "2", PYTHONHASHSEED="1") == one
    assert processed(*facts, "--engine", "reference", PYTHONHASHSEED="2") == one


def test_rejects(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad line is set aside with line, id, every reason and the original; others are done."""
    Path("in.jsonl").write_text("\n".join(LINES))
    assert run(["batch", "in.jsonl", "-o", "out.jsonl", "--engine", "reference"]) == 0
    assert [result["case"] for result in lines_of("out.jsonl")] == ["n1", "n4"]
    rejects = lines_of("out.rejects.jsonl")
    assert [(each["line"], each["case"]) for each in rejects] == [(3, "n2"), (4, "in-3"), (5, "n1")]
    codes = [[reason["code"] for reason in each["reasons"]] for each in rejects]
    assert codes == [["value", "unknown-slot"], ["syntax"], ["duplicate-id"]]
    assert rejects[0]["reasons"][0]["place"] == (f"in.jsonl:3:{LINES[2].index('10.005') + 1}")
    assert rejects[0]["original"]["attempt"] == [{"amount": "10.005", "x": "1"}]
    assert rejects[1]["original"] == LINES[3]
    assert "3 rejects, set aside in out.rejects.jsonl" in capsys.readouterr().err
    assert names(folder) == ["in.jsonl", "out.jsonl", "out.rejects.jsonl"]


def test_strict(folder: Path) -> None:
    """With --strict rejects end with 1, and only then; the results are written all the same."""
    (folder / "in.jsonl").write_text("\n".join(LINES))
    (folder / "good.jsonl").write_text(LINES[0])
    common = ["-o", "out.jsonl", "--engine", "reference", "--strict"]
    assert run(["batch", "in.jsonl", *common]) == 1
    assert len(lines_of("out.jsonl")) == 2
    assert run(["batch", "good.jsonl", *common]) == 0


def test_old_rejects_go(folder: Path) -> None:
    """A run without rejects leaves no file of rejects of an earlier run behind."""
    (folder / "good.jsonl").write_text(LINES[0])
    (folder / "bad.jsonl").write_text("old\n")
    assert run(["batch", "good.jsonl", "-o", "out.jsonl", "--rejects", "bad.jsonl"]) == 0
    assert not (folder / "bad.jsonl").exists()


def test_nothing_readable(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If no case at all can be read the code is 3, every problem is printed, no file appears."""
    (folder / "in.jsonl").write_text("\n".join(LINES[2:4]))
    assert run(["batch", "in.jsonl", "-o", "out.jsonl"]) == 3
    assert capsys.readouterr().err.count("error[") == 3
    assert names(folder) == ["in.jsonl"]


def test_failing_engine_loses_one_case(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case on which the engine fails becomes a reject; the cases around it are done."""
    lines = [json.dumps({"case": f"c{n}", "as_of": "2025-11-20"}) for n in range(3)]
    (folder / "in.jsonl").write_text("\n".join(lines))
    whole = Simdiag.assess

    def fail_on_one(self: Simdiag, case: Case) -> Assessment:
        if case.id == "c1":
            raise EngineFailure("no end in sight")
        return whole(self, case)

    monkeypatch.setattr(Simdiag, "assess", fail_on_one)
    assert run(["batch", "in.jsonl", "-o", "out.jsonl", "--engine", "reference"]) == 0
    assert [result["case"] for result in lines_of("out.jsonl")] == ["c0", "c2"]
    (reject,) = lines_of("out.rejects.jsonl")
    assert reject["case"] == "c1"
    assert reject["reasons"][0]["text"] == "no end in sight"


def test_csv_out(folder: Path) -> None:
    """CSV has one row a case, the columns of the contract, and those passed through unchanged."""
    for name in ("tickets.csv", "tickets.map.yaml"):
        shutil.copy(EXAMPLES / name, folder)
    args = ["batch", "tickets.csv", "--map", "tickets.map.yaml", "-o", "out.csv"]
    assert run([*args, "--engine", "reference"]) == 0
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*COLUMNS, "Remarks"]
    assert [row["case"] for row in rows] == [f"T-{number}" for number in range(1001, 1010)]
    first = rows[0]
    assert first["first_cause"] == "topup.paid-not-credited"
    assert first["state"] == "established"
    assert first["range"] == "suggested..established"
    assert "pay_again" in first["vetoes"].split("; ")
    assert first["Remarks"] == "Called twice"
    assert rows[2]["Remarks"] == 'Says: "card not accepted"'
    assert rows[5]["first_cause"] == rows[5]["state"] == rows[5]["range"] == ""
    assert len(lines_of("out.rejects.jsonl")) == 3


@pytest.mark.usefixtures("folder")
def test_same_case_from_every_kind_of_file() -> None:
    """YAML, JSON, NDJSON and sheets of CSV with the same facts give the same result."""
    fact = {"at": "2025-11-20 17:50", "payment_state": "captured", "credit_state": "pending"}
    case = {"case": "c1", "as_of": "2025-11-20 18:00", "attempt": [fact]}
    Path("a.json").write_text(json.dumps([case]))
    Path("b.jsonl").write_text(json.dumps(case))
    Path("c.yaml").write_text(f"cases: [{json.dumps(case)}]")
    Path("attempt.csv").write_text(
        "case,as_of,{}\nc1,2025-11-20 18:00,{}\n".format(",".join(fact), ",".join(fact.values()))
    )
    outputs = set()
    for name in ("a.json", "b.jsonl", "c.yaml", "attempt.csv"):
        assert run(["batch", name, "-o", "out.jsonl", "--engine", "reference"]) == 0
        outputs.add(Path("out.jsonl").read_text())
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["in.jsonl", "-o", "o.parquet", "--engine", "reference"], "from the engine `columnar`"),
        (["in.jsonl", "-o", "o.parquet", "--report", "p.html"], "let the results end in .jsonl"),
        (["in.jsonl", "-o", "out.csv", "--engine", "spark"], "not built yet: the engine `spark`"),
        (["in.jsonl", "-o", "out.csv", "--resume"], "not built yet: --resume"),
        (["in.jsonl"], "name the results with -o"),
        (["-o", "out.csv"], "name an INPUT"),
        (["in.jsonl", "-o", "in.jsonl"], "never overwrite"),
        (["in.jsonl", "-o", "out.csv", "--rejects", "out.csv"], "named twice"),
        (["in.jsonl", "-o", "nowhere/out.csv"], "there is no folder nowhere"),
        (["in.jsonl", "-o", "out.txt"], "results end in .jsonl, .csv or .parquet"),
        (["in.jsonl", "in.jsonl", "-o", "out.csv"], "named twice"),
    ],
)
def test_wrong_usage(
    args: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot work is refused by name with 2, before anything is written."""
    (folder / "in.jsonl").write_text(LINES[0])
    assert run(["batch", *args]) == 2
    assert said in capsys.readouterr().err
    assert names(folder) == ["in.jsonl"]


def listen_to_interrupts() -> None:
    """Undo that a shell lets what it runs in the background ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run_leaves_nothing(folder: Path, number: signal.Signals) -> None:
    """A run that is stopped leaves the old results as they were and no half-written file."""
    out = folder / "out.jsonl"
    out.write_text("old\n")
    code = "from simdiag.cli.main import main; main()"
    command = (sys.executable, "-c", code, "batch", str(MIXED), "-o", str(out))
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        preexec_fn=listen_to_interrupts,  # noqa: PLW1509 - nothing else runs here
    ) as process:
        for _ in range(500):
            if len(names(folder)) > 1:
                break
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate()
    assert process.returncode == 128 + number
    assert b"Traceback" not in said
    assert names(folder) == ["out.jsonl"]
    assert out.read_text() == "old\n"


def test_silent_in_a_pipe(folder: Path) -> None:
    """Where nobody watches there is no progress bar, only the summary in plain lines."""
    (folder / "in.jsonl").write_text(LINES[0])
    code = "from simdiag.cli.main import main; main()"
    command = (sys.executable, "-c", code, "batch", "in.jsonl", "-o", "out.jsonl")
    done = subprocess.run(command, capture_output=True, check=True, cwd=folder)
    assert done.stdout == b""
    assert b"\x1b" not in done.stderr
    assert b"\r" not in done.stderr
    assert done.stderr.startswith(b"1 case done in ")


@pytest.mark.usefixtures("folder")
def test_page_of_a_batch() -> None:
    """The page of a batch is the page that report makes of its results and the facts."""
    facts = str(EXAMPLES / "topup/04-paid-thirty-hours-ago.yaml")
    args = ["batch", facts, "-o", "out.jsonl", "--report", "page.html"]
    assert run(args) == 0
    assert run(["report", "out.jsonl", "--facts", facts, "-o", "other.html"]) == 0
    assert Path("page.html").read_text() == Path("other.html").read_text()
    assert "justifications" not in lines_of("out.jsonl")[0]


def test_new_map_can_be_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A map that is suggested for a table can be used as it is, and finds most columns."""
    shutil.copy(EXAMPLES / "tickets.csv", folder)
    assert run(["batch", "--map-new", "tickets.csv"]) == 0
    Path("map.yaml").write_text(capsys.readouterr().out)
    assert '"GSM number": line.msisdn' in Path("map.yaml").read_text()
    args = ["batch", "tickets.csv", "--map", "map.yaml", "-o", "out.csv"]
    assert run([*args, "--engine", "reference"]) == 0
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["case"] == "T-1001"
    assert set(rows[0]) - set(COLUMNS) == {"Credit arrived?", "Where bought", "Remarks"}


def test_parquet_results_hold_a_row_for_each_case(folder: Path) -> None:
    """Parquet results name each case that could be used, its first cause and its actions."""
    (folder / "in.jsonl").write_text("\n".join(LINES))
    assert run(["batch", "in.jsonl", "-o", "out.parquet"]) == 0
    found = pl.read_parquet("out.parquet")
    assert found.get_column("case").to_list() == ["n1", "n4"]
    assert found.get_column("actions").list.len().min() > 0  # type: ignore[operator]
    assert names(folder) == ["in.jsonl", "out.parquet", "out.rejects.jsonl"]
    assert [reject["case"] for reject in lines_of("out.rejects.jsonl")] == ["n2", "in-3", "n1"]


def test_the_columnar_engine_gives_the_same_bytes(folder: Path) -> None:
    """JSON lines are the same whichever engine made them, with one process or two."""
    text = "\n".join(json.dumps({"case": f"n{n}", "as_of": "2025-11-20", **GOOD}) for n in range(3))
    (folder / "in.jsonl").write_text(text)
    outputs = set()
    for engine in ("reference", "columnar"):
        assert run(["batch", "in.jsonl", "-o", "out.jsonl", "--engine", engine]) == 0
        outputs.add(Path("out.jsonl").read_text())
    assert len(outputs) == 1


def test_parquet_in_and_out_keeps_other_columns(folder: Path) -> None:
    """From Parquet to Parquet, plain columns are passed on and bad rows are set aside."""
    attempt = [{"payment_state": "captured"}]
    rows = [
        {"case": "a", "as_of": "2025-11-20", "attempt": attempt, "ticket": 1},
        {"case": "b", "as_of": "2025-11-20", "attempt": [{"payment_state": "cap"}], "ticket": 2},
        {"case": "c", "as_of": None, "attempt": attempt, "ticket": 3},
    ]
    pl.DataFrame(rows).write_parquet(folder / "in.parquet")
    as_of = ["--as-of", "2025-11-20 18:00"]
    assert run(["batch", "in.parquet", "-o", "out.parquet", "--strict", *as_of]) == 1
    found = pl.read_parquet("out.parquet")
    assert found.get_column("ticket").to_list() == [1, 3]
    assert [reject["case"] for reject in lines_of("out.rejects.jsonl")] == ["b"]
