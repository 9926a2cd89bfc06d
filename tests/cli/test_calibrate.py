"""``simdiag calibrate`` learns frequencies from solved cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simdiag.cli.main import run

if TYPE_CHECKING:
    import pytest

CASES = """
cases:
  - {case: a, as_of: 2025-11-20, attempt: [{payment_state: captured}, {payment_state: refused}]}
  - {case: b, as_of: 2025-11-20, attempt: [{payment_state: captured}]}
"""


def test_frequencies_are_printed_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same YAML goes to the output or into a file, and the number of cases is told."""
    facts = tmp_path / "solved.yaml"
    facts.write_text(CASES)
    assert run(["calibrate", str(facts)]) == 0
    shown = capsys.readouterr()
    assert "payment_state: {ask: {frequencies: {" in shown.out
    assert "captured: 0.375" in shown.out
    assert "learned from 2 cases" in shown.err
    out = tmp_path / "learned.yaml"
    assert run(["calibrate", str(facts), "-o", str(out)]) == 0
    assert out.read_text() == shown.out


def test_bad_facts_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong facts file gives its place and exit code 3, and nothing is printed."""
    facts = tmp_path / "bad.yaml"
    facts.write_text("problem: {kin: other}\n")
    assert run(["calibrate", str(facts)]) == 3
    shown = capsys.readouterr()
    assert "bad.yaml:1:11" in shown.err
    assert shown.out == ""
