from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.analysis.program import prepare
from simdiag.api import load_knowledge
from simdiag.authoring.removal import affected, elements, without
from simdiag.errors import InvalidInput, UsageError
from simdiag.workbench import rule_coverage, statement_coverage

NOTHING = "scenarios/nothing.yaml"
NOTHING_ADVISED = """\
scenarios:
  advert:
    given: {problem: {kind: other}}
    expect: {first: none}
"""


def statements(*lines: str) -> dict[str, str | None]:
    """Give the files of a package with some statements."""
    text = "".join(f"  {line}\n" for line in lines)
    return {"coverage.yaml": f"coverage:\n{text}", NOTHING: NOTHING_ADVISED}


def test_statement_is_covered_if_a_scenario_needs_its_carrier(
    make_package: Callable[..., Path],
) -> None:
    """A statement counts if a scenario fails without one of its carriers, and is a hole else."""
    folder = make_package(
        files=statements(
            'F-01: {says: "Paid.", verdict: ok, by: [topup.paid]}',
            'S-01: {says: "A limit.", verdict: vague, by: ["topup.limit#limit", "action:wait"]}',
            'S-02: {says: "Twice.", verdict: ok, by: ["topup.limit#same", "delay.usual"]}',
        )
    )
    found = statement_coverage(folder)
    assert [each.covered for each in found] == [True, True, False]
    assert found[0].shown[0].endswith("paid.test.yaml:2:3")
    assert found[2].shown == ("", "")
    assert str(found[2]).endswith("topup.limit#same (no scenario), delay.usual (no scenario)")


def test_advert_needs_a_scenario_in_which_nothing_is_advised(
    make_package: Callable[..., Path],
) -> None:
    """An advert is covered by a scenario of which no cause comes, and by nothing else."""
    folder = make_package(
        files=statements(
            "A-01: {says: Buy!, verdict: advert, by: ['scenario:advert']}",
            "A-02: {says: Buy!, verdict: advert, by: ['scenario:captured']}",
        )
    )
    assert [each.covered for each in statement_coverage(folder)] == [True, False]


def test_wrong_carriers_are_reported_together(make_package: Callable[..., Path]) -> None:
    """A carrier that does not exist is an error with a suggestion; an advert has no rule."""
    folder = make_package(
        files=statements(
            "F-01: {says: Paid., verdict: ok, by: [topup.payd]}",
            "A-01: {says: Buy!, verdict: advert, by: [topup.paid]}",
        )
    )
    with pytest.raises(InvalidInput) as caught:
        statement_coverage(folder)
    assert [problem.code for problem in caught.value.problems] == ["unknown-element", "advert"]
    assert "topup.paid" in caught.value.problems[0].help


def test_package_without_statements_says_so(make_package: Callable[..., Path]) -> None:
    """A package that promises nothing cannot be measured against it."""
    with pytest.raises(UsageError, match=r"coverage\.yaml"):
        statement_coverage(make_package())


def test_rules_are_counted_over_scenarios(make_package: Callable[..., Path]) -> None:
    """Each rule has the number of scenarios in which it is true or undecided."""
    found = {each.rule: each for each in rule_coverage(make_package())}
    assert (found["topup.paid#captured"].true, found["topup.paid#captured"].undecided) == (1, 1)
    assert not found["topup.limit#same"].covered


@pytest.mark.parametrize(
    ("element", "touched"),
    [
        ("delay.usual", {"topup.paid"}),
        ("attempt.late", {"topup.paid"}),
        ("topup.limit#limit", {"topup.limit"}),
        ("action:retry", {"topup.limit"}),
        ("veto:pay_again", {"topup.paid"}),
        ("pair.same_number", {"topup.limit"}),
    ],
)
def test_affected_diagnoses(
    make_package: Callable[..., Path], element: str, touched: set[str]
) -> None:
    """What depends on an element is followed through findings to the diagnoses."""
    program = prepare(load_knowledge(make_package()))
    assert affected(program, element) == touched


def test_every_element_can_be_taken_out(make_package: Callable[..., Path]) -> None:
    """Without any one of its elements a knowledge base is another one and can still be run."""
    base = load_knowledge(make_package())
    unused = {"action:proof"}
    for element in elements(base):
        changed = without(base, element)
        assert (changed == base) == (element in unused), element
        assert prepare(changed).base is changed
