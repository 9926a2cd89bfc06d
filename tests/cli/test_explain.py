from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.cli.main import DONE, INVALID, USAGE, run

FACTS = """
as_of: 2025-11-20 18:00
attempt: [{id: a1, at: 2025-11-19 12:00, state: captured, phone: 0470 12 34 56}]
"""


@pytest.fixture
def explain(
    make_package: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Explain facts with the small package; give the exit code, the output and the messages."""

    def call(*words: str, facts: str = FACTS) -> tuple[int, str, str]:
        path = tmp_path / "facts.yaml"
        path.write_text(facts, "utf-8")
        code = run(["--rules", str(make_package()), "explain", str(path), *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_first_diagnosis(explain: Callable[..., tuple[int, str, str]]) -> None:
    """Without --how the first diagnosis is explained, down to the facts."""
    code, out, _ = explain()
    assert code == DONE
    assert out.splitlines() == [
        "Paid, not credited: Confirmed",
        "  Score 60. Nothing that is not known can change this.",
        "  About: Top-up attempt · 19 Nov 2025, 12:00",
        "  Because: The bank shows the payment. (weight 50)",
        "    [yes] What the bank shows: The money has left",
        "  Because: The usual time is over. (weight 10)",
        "    [yes] What the bank shows: The money has left",
        "    [yes] Later than usual: yes",
        "      [yes] Age of the attempt: 1 day, 6 hours",
        "            Usual waiting time: 1 day",
        "            compared: a.age > delay.usual",
        "        [yes] computed: as_of - a.at",
        "              Time: 19 Nov 2025, 12:00",
        "    [no] unless: The bank refused the payment.",
    ]


def test_engines_explain_alike(explain: Callable[..., tuple[int, str, str]]) -> None:
    """Both engines give the same tree."""
    trees = [explain("--engine", name, "--format", "json") for name in ("experta", "reference")]
    assert trees[0] == trees[1]


def test_json(explain: Callable[..., tuple[int, str, str]]) -> None:
    """The JSON says which case was explained by which knowledge, and holds the tree."""
    found = json.loads(explain("--format", "json", "--how", "pay_again")[1])
    assert (found["case"], found["knowledge"]["id"]) == ("facts-1", "small")
    assert (found["explanation"]["kind"], found["explanation"]["status"]) == ("veto", "holds")


def test_several_cases(explain: Callable[..., tuple[int, str, str]]) -> None:
    """Several cases are explained one after the other, each below its name."""
    case = "{as_of: 2025-11-20, attempt: [{state: captured}]}"
    facts = f"cases: [{case}, {case}]"
    out = explain(facts=facts)[1]
    assert out.startswith("facts-1\n\nPaid, not credited")
    assert "\n\nfacts-2\n\nPaid, not credited" in out
    assert len(json.loads(explain("--format", "json", facts=facts)[1])) == 2


def test_unknown_id(explain: Callable[..., tuple[int, str, str]]) -> None:
    """An id that does not exist is wrong usage, with a suggestion."""
    code, _, err = explain("--how", "topup.payd")
    assert code == USAGE
    assert "did you mean `topup.paid`?" in err


@pytest.mark.parametrize("option", ["--why-not", "--what-if"])
def test_later(explain: Callable[..., tuple[int, str, str]], option: str) -> None:
    """What is not built yet is refused by name."""
    code, _, err = explain(option, "topup.paid")
    assert code == USAGE
    assert option in err


def test_bad_facts(explain: Callable[..., tuple[int, str, str]]) -> None:
    """Facts that cannot be read end with 3 and their places."""
    code, _, err = explain(facts=FACTS.replace("captured", "captrued"))
    assert code == INVALID
    assert "facts.yaml:3:49: error[unknown-choice]" in err


def test_masked(explain: Callable[..., tuple[int, str, str]]) -> None:
    """Numbers are masked unless they are asked for."""
    facts = FACTS + "  "
    words = ("--how", "pair.same_number")
    assert "+32470123456" not in explain(*words, facts=facts)[1]
    assert "+32470123456" in explain(*words, "--reveal", facts=facts)[1]
