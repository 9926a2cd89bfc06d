from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.cli.main import DONE, FOUND, INVALID, USAGE, run
from simdiag.loading.schema import FILES

PAID = "diagnoses/topup/paid.yaml"
PAID_TEST = "diagnoses/topup/paid.test.yaml"
WRONG_STATE = (PAID_TEST, "{topup.paid: established}", "{topup.paid: excluded}")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command of the group; give its exit code, its output and its messages."""

    def call(*words: object) -> tuple[int, str, str]:
        code = run(["rules", *map(str, words)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_test_passes(make_package: Callable[..., Path], command: Callable[..., object]) -> None:
    """Scenarios that hold end with 0 and a summary."""
    folder = make_package()
    assert command("test", folder) == (DONE, "6 runs, 6 passed, 0 failed\n", "")


def test_test_fails(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """A scenario that does not hold ends with 1; its line says place, expected, found and why."""
    folder = make_package(WRONG_STATE)
    code, out, _ = command("test", folder, "--engine", "both", "-k", "captured")
    place = f"{folder / PAID_TEST}:5:42"
    assert code == FOUND
    assert out.splitlines() == [
        "FAILED captured (experta)",
        f"{place}: state of `topup.paid`: expected excluded, found established",
        "    why: score 50; true: captured; undecided: none",
        "FAILED captured (reference)",
        f"{place}: state of `topup.paid`: expected excluded, found established",
        "    why: score 50; true: captured; undecided: none",
        "2 runs, 0 passed, 2 failed",
    ]


def test_test_json(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """The JSON of a run holds every scenario, and the failures with their places."""
    code, out, _ = command("test", make_package(WRONG_STATE), "--format", "json")
    found = json.loads(out)
    failed = [result for result in found["results"] if not result["passed"]]
    assert (code, found["runs"], found["failed"]) == (FOUND, 6, 1)
    assert [failure["found"] for failure in failed[0]["failures"]] == ["established"]


@pytest.mark.parametrize("words", [("test",), ("check",)])
def test_broken_package(
    make_package: Callable[..., Path],
    command: Callable[..., tuple[int, str, str]],
    words: tuple[str, ...],
) -> None:
    """A package that cannot be read ends with 3, and the problem with its place is printed."""
    folder = make_package((PAID, "rate: strong", "rate: strnog"))
    code, out, err = command(*words, folder)
    assert code == INVALID
    assert f"{folder / PAID}:7:52: error[unknown-word]" in out + err


def test_broken_scenarios(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """Scenarios that cannot be read end with 3 in both commands."""
    folder = make_package((PAID_TEST, "states", "statez"))
    assert [command(word, folder)[0] for word in ("test", "check")] == [INVALID, INVALID]


def test_check_codes(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """A clean package and warnings end with 0, errors and with --strict warnings with 1."""
    assert command("check", make_package()) == (DONE, "0 errors, 0 warnings\n", "")
    warned = make_package((PAID, "[HELP]", "[LAW]"))
    assert command("check", warned)[0] == DONE
    assert command("check", warned, "--strict")[0] == FOUND
    code, out, _ = command("check", make_package(files={PAID_TEST: None}))
    assert code == FOUND
    assert f"{warned / PAID}:1:1: error[untested-diagnosis] `topup.paid` has no scenarios" in out
    assert "    help: add `paid.test.yaml` beside it" in out


def test_check_json(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """The JSON of a check has file, line and column apart."""
    folder = make_package((PAID, "[HELP]", "[LAW]"))
    (problem,) = json.loads(command("check", folder, "--format", "json")[1])
    assert (problem["code"], problem["level"]) == ("unused-source", "warning")
    assert (problem["file"], problem["line"]) == (str(folder / "data/data.yaml"), 3)


def test_list_forms(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """The three forms of the list hold the same diagnoses, with reference, rules and sources."""
    folder = make_package()
    rows = json.loads(command("list", folder, "--format", "json")[1])
    table = list(csv.DictReader(io.StringIO(command("list", folder, "--format", "csv")[1])))
    text = command("list", folder)[1]
    assert [(row["id"], row["ref"]) for row in rows] == [
        ("topup.limit", "F-02"),
        ("topup.paid", "F-01"),
    ]
    assert [row["rules"] for row in table] == [" ".join(row["rules"]) for row in rows]
    assert "topup.paid   F-01  Paid, not credited (3 rules; sources: HELP)" in text


def test_list_texts(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """`--texts` prints a file to fill in, also for a language that the package lacks."""
    code, out, _ = command("list", make_package(), "--texts", "fr")
    assert code == DONE
    assert out.startswith("language: fr\ntexts:\n  # ")
    assert command("list", "--texts", "en")[0] == USAGE


def test_show(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """A card shows weights, conditions and texts; an unknown id is wrong usage."""
    folder = make_package()
    out = command("show", "topup.paid", folder)[1]
    assert "  captured [strong +50]\n    The bank shows the payment.\n" in out
    for name in ("wait", "pay_again", "attempt.late"):
        assert command("show", name, folder)[1].startswith(name)
    code, _, err = command("show", "topup.payd", folder)
    assert code == USAGE
    assert "did you mean `topup.paid`?" in err


@pytest.mark.parametrize("kind", ["facts", *FILES])
def test_schema(command: Callable[..., tuple[int, str, str]], kind: str) -> None:
    """Every kind of file has a schema, and the command offers exactly those kinds."""
    code, out, _ = command("schema", "--for", kind)
    assert code == DONE
    assert json.loads(out)["$schema"].startswith("https://json-schema.org/")


def test_kinds_of_schema_are_offered() -> None:
    """The kinds that the command names are those that there are."""
    from simdiag.cli.rules import FILE_KINDS

    assert tuple(FILES) == FILE_KINDS


def test_rules_option(
    make_package: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The package of `simdiag --rules DIR` is meant where a command names no path."""
    assert run(["--rules", str(make_package()), "rules", "list"]) == DONE
    assert capsys.readouterr().out.endswith("2 diagnoses\n")


def test_coverage(
    make_package: Callable[..., Path], command: Callable[..., tuple[int, str, str]]
) -> None:
    """Coverage marks the rules that no scenario shows, and fails for them only if asked to."""
    folder = make_package()
    code, out, _ = command("coverage", folder)
    assert code == DONE
    assert "! topup.limit#same: true in 0, undecided in 0 scenarios" in out.splitlines()
    assert command("coverage", folder, "--strict")[0] == FOUND
    rows = json.loads(command("coverage", folder, "--format", "json")[1])
    assert {"rule": "topup.paid#captured", "true": 1, "undecided": 1} in rows
