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

WHY_NOT = """\
A limit was reached: Not clear
  Score 0. Nothing that is not known can change this.
  Does not hold: The payment stopped at a limit. (decides alone)
    [no] Where it stopped (Top-up attempt · 19 Nov 2025, 12:00): does not apply – needed: A limit
  Does not hold: It was refused twice. (weight 10)
    [no] What the bank shows (Top-up attempt · 19 Nov 2025, 12:00): The money has left\
 – needed: The payment was refused
    [no] No such fact is listed.

The smallest change that would lead to “Confirmed”:
  - Where it stopped (Top-up attempt · 19 Nov 2025, 12:00): A limit (now: not known)
  - What the bank shows (Top-up attempt · 19 Nov 2025, 12:00): The payment was refused\
 (now: The money has left)
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


def test_why_not(explain: Callable[..., tuple[int, str, str]]) -> None:
    """--why-not writes what the rules lack, then the smallest change that would supply it."""
    code, out, _ = explain("--why-not", "topup.limit", "--for", "")
    assert code == DONE
    assert out == WHY_NOT


def test_what_else(explain: Callable[..., tuple[int, str, str]]) -> None:
    """After the tree stands what is not known and matters for it, in words and in the JSON."""
    words = ("--how", "topup.paid")
    facts = "{as_of: 2025-11-20, attempt: [{at: 2025-11-19 12:00}]}"
    lines = explain(*words, facts=facts)[1].splitlines()
    where = lines.index("What else could change this, least work first:")
    assert lines[where + 1 :] == [
        "  - What does the bank show? (Top-up attempt · 19 Nov 2025, 12:00)"
    ]
    found = json.loads(explain(*words, "--format", "json", facts=facts)[1])
    assert [each["slot"] for each in found["open"]] == ["attempt.state"]
    assert json.loads(explain("--format", "json")[1])["open"] == []


def test_what_if(explain: Callable[..., tuple[int, str, str]]) -> None:
    """--what-if writes the difference that the changes make together."""
    words = ("--what-if", "attempt.state=refused", "--what-if", "attempt[a1].step=limit")
    code, out, _ = explain(*words)
    assert code == DONE
    assert "  Paid, not credited: Ruled out (before: Confirmed)" in out.splitlines()
    assert "  A limit was reached: Confirmed (before: Not clear)" in out.splitlines()
    found = json.loads(explain(*words, "--format", "json")[1])["difference"]
    assert {each["id"]: each["after"]["state"] for each in found["diagnoses"]} == {
        "topup.limit": "established",
        "topup.paid": "excluded",
    }
    assert explain("--what-if", "attempt.state=captured")[1] == "Nothing changes.\n"


@pytest.mark.parametrize("lang", ["zh", "fr", "nl", "de"])
def test_every_language(explain: Callable[..., tuple[int, str, str]], lang: str) -> None:
    """What the tool itself says is in the language that was asked for."""
    for words in (("--why-not", "topup.limit"), ("--what-if", "attempt=none")):
        out = explain(*words, "--lang", lang)[1]
        assert out
        assert not {"(now:", "(before:", "New:", "smallest"} & set(out.split())


@pytest.mark.parametrize(
    "words",
    [
        ("--why-not", "topup.paid", "--what-if", "attempt=none"),
        ("--how", "topup.paid", "--why-not", "topup.paid"),
        ("--for", "1"),
        ("--why-not", "pay_again"),
        ("--what-if", "attempt"),
    ],
)
def test_wrong_questions(
    explain: Callable[..., tuple[int, str, str]], words: tuple[str, ...]
) -> None:
    """Two questions at once, and questions that cannot be read, are wrong usage."""
    code, out, err = explain(*words)
    assert (code, out) == (USAGE, "")
    assert "Traceback" not in err


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
