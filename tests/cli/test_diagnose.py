"""``simdiag diagnose``: what it prints, and what it says of mistakes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from simdiag.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
PAID = str(ROOT / "examples/topup/03-paid-ten-minutes-ago.yaml")
TEN_MISTAKES = """\
case: ten
as_of: 2025-11-20 18:00
problm: {kind: [topup_failed]}
problem:
  - {kind: [topup_failed]}
  - {kind: [other]}
line:
  - {msisdn: 0470123456, brnd: base, identified: perhaps}
attempt:
  - id: a1
    at: 2025-13-40
    amount: 10.005
    amount: 10.00
    payment_state: kaptured
  - id: !!python/object:os.system a2
bill:
  - {id: b1, iban: BE00 0000 0000 0000}
"""
MESSAGES = [
    "3:1: error[unknown-template] unknown template `problm`",
    "5:3: error[cardinality] there is only one `problem`",
    "8:26: error[unknown-slot] `line` has no slot `brnd`",
    "8:50: error[value] `line.identified` must be `yes` or `no`",
    "11:9: error[value] `attempt.at` must be a day that exists",
    "12:13: error[value] `attempt.amount` must be an amount with at most two decimals",
    "13:5: error[duplicate-key] the key `amount` stands twice",
    "14:20: error[unknown-choice] `attempt.payment_state`",
    "15:9: error[tag] the tag `!!python/object:os.system` is not allowed",
    "17:20: error[value] `bill.iban` must be an IBAN",
]


def simdiag(*args: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    code = "from simdiag.cli.main import main; main()"
    command = (sys.executable, "-c", code, *args)
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=os.environ | env,
    )


def diagnosed(capsys: pytest.CaptureFixture[str], *args: str) -> Any:  # noqa: ANN401 - JSON
    """Run ``diagnose`` in this process and give its JSON."""
    assert run(["diagnose", *args, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_text_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a format a person reads what to do and what not to do, in plain words."""
    assert run(["diagnose", PAID]) == 0
    shown = capsys.readouterr().out
    places = [shown.index(words) for words in ("What to do now", "What not to do", "Why")]
    assert places == sorted(places)
    assert "topup.paid-not-credited" not in shown


@pytest.mark.parametrize(("form", "begin"), [("md", "# "), ("html", "<!doctype html>")])
def test_other_formats(form: str, begin: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Markdown and HTML begin as such files begin."""
    assert run(["diagnose", PAID, "--format", form]) == 0
    assert capsys.readouterr().out.lower().startswith(begin)


def test_language(capsys: pytest.CaptureFixture[str]) -> None:
    """The result is in the language that was asked for."""
    titles = [
        diagnosed(capsys, PAID, "--lang", lang)["diagnoses"][0]["title"] for lang in ("en", "zh")
    ]
    assert re.search("[a-z]", titles[0])
    assert re.search("[\u4e00-\u9fff]", titles[1])


def test_one_case_is_an_object_and_several_are_a_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON of one case is an object with its record of rules; of several cases it is a list."""
    one = diagnosed(capsys, PAID)
    assert (one["case"], one["diagnoses"][0]["ref"]) == ("topup-03", "F-03")
    assert one["justifications"]
    two = tmp_path / "two.yaml"
    two.write_text("as_of: 2025-11-20\n---\nas_of: 2025-11-20\n")
    assert [each["case"] for each in diagnosed(capsys, str(two))] == ["two-1", "two-2"]


def test_engines_and_hash_seeds_give_the_same_bytes() -> None:
    """Neither the engine nor the hash seed changes a byte of the JSON."""
    outputs = {
        simdiag(
            "diagnose", PAID, "--format", "json", "--engine", engine, PYTHONHASHSEED=seed
        ).stdout
        for engine, seed in (("experta", "0"), ("experta", "1"), ("reference", "2"))
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 1000


def test_moment_of_judgement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The option wins over the facts, the facts over the clock; only the clock is told."""
    assert diagnosed(capsys, PAID)["as_of"] == "2025-11-20T18:00:00+01:00"
    assert diagnosed(capsys, PAID, "--as-of", "2025-11-22")["as_of"] == "2025-11-22T23:59:59+01:00"
    bare = tmp_path / "bare.yaml"
    bare.write_text("attempt: [{payment_state: captured}]\n")
    assert run(["diagnose", str(bare), "--format", "json"]) == 0
    shown = capsys.readouterr()
    assert f"as of {json.loads(shown.out)['as_of']}" in shown.err
    assert json.loads(shown.out)["as_of"][17:19] == "00"


def test_standard_input() -> None:
    """A dash reads YAML from the standard input."""
    done = simdiag("diagnose", "-", "--format", "json", stdin=Path(PAID).read_text())
    assert json.loads(done.stdout)["case"] == "topup-03"
    empty = simdiag("diagnose", "-")
    assert empty.returncode == 3
    assert "<stdin>:1:1: error[empty]" in empty.stderr


def test_numbers_are_masked_unless_revealed(capsys: pytest.CaptureFixture[str]) -> None:
    """Phone numbers stand in the result in full only where that is asked for."""
    facts = str(ROOT / "examples/topup/05-last-topup-13-months-ago.yaml")
    hidden = json.dumps(diagnosed(capsys, facts))
    shown = json.dumps(diagnosed(capsys, facts, "--reveal"))
    assert "+32485123456" not in hidden
    assert "+32485123456" in shown


@pytest.mark.parametrize("command", [["diagnose"], ["batch", "-o", "out.jsonl"]])
def test_ten_mistakes_in_one_run(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ten mistakes give ten messages with line and column in one run, code 3, and no file."""
    monkeypatch.chdir(tmp_path)
    Path("ten.yaml").write_text(TEN_MISTAKES)
    assert run([*command, "ten.yaml"]) == 3
    shown = capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if line.startswith("ten.yaml:")]
    assert len(lines) == 10
    for line, message in zip(lines, MESSAGES, strict=True):
        assert line.startswith(f"ten.yaml:{message}")
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["ten.yaml"]


def test_scalars_mean_what_their_slots_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A leading zero, decimals, a time and `no` are read by the slot and not by YAML."""
    facts = tmp_path / "facts.yaml"
    facts.write_text(
        "as_of: 2025-11-20 18:30\n"
        "problem: {kind: [topup_failed]}\n"
        "line: [{msisdn: 0470123456, brand: base, contract_type: prepaid, identified: no}]\n"
        "attempt: [{at: 2025-11-20 18:30, amount: 10.00, payment_state: captured,"
        " credit_state: pending}]\n"
    )
    found = diagnosed(capsys, str(facts), "--reveal")
    assert found["as_of"] == "2025-11-20T18:30:00+01:00"
    text = json.dumps(found)
    assert '"+32470123456"' in text
    assert '"10.00 EUR"' in text
    first = {each["id"]: each["state"] for each in found["diagnoses"]}
    assert first["line.not-identified"] in {"suggested", "established"}


def test_mistyped_reference_is_a_finding() -> None:
    """The reference that somebody mistyped in a payment is evidence and no error."""
    done = simdiag(
        "diagnose", str(ROOT / "examples/bill/14-wrong-reference.yaml"), "--format", "json"
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["diagnoses"][0]["id"] == "payment.wrong-reference"


def test_one_case_is_quick() -> None:
    """One case as a whole process takes less than 2.5 seconds of work."""
    took = []
    for _ in range(3):
        began = os.times()
        assert simdiag("diagnose", PAID).returncode == 0
        ended = os.times()
        took.append(ended.children_user - began.children_user)
        time.sleep(0.05)
    assert min(took) < 2.5
