from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simdiag.api import Simdiag, explain_case, explanation_text
from simdiag.errors import UsageError
from simdiag.testing import read_facts

FACTS = """
as_of: 2025-11-20 18:00
problem: {kind: paid}
attempt:
  - {id: a1, at: 2025-11-19 12:00, state: captured, phone: 0470 12 34 56}
  - {id: a2, at: 2025-11-20 17:00, state: refused}
"""


@pytest.fixture
def explain(make_package: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    """Explain an id for facts, with the small package."""

    def call(name: str = "", facts: str = FACTS) -> dict[str, Any]:
        diag = Simdiag.load(make_package(), engine="reference")
        (case,) = read_facts(diag, facts)
        tree: dict[str, Any] = explain_case(diag, case, name)["explanation"]
        return tree

    return call


def nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Iterate over a tree."""
    yield tree
    for part in tree["parts"]:
        yield from nodes(part)


def values(tree: dict[str, Any]) -> set[tuple[str, Any]]:
    """Give every slot with the value that a tree says was read."""
    return {(read["slot"], read["value"]) for node in nodes(tree) for read in node.get("reads", ())}


def test_tree_reaches_the_facts(explain: Callable[..., dict[str, Any]]) -> None:
    """From a diagnosis the tree leads through its rules and findings to the slots of the case."""
    found = values(explain("topup.paid"))
    assert ("attempt.state", "captured") in found
    assert ("attempt.late", True) in found
    assert ("attempt.age", "1 day 6 hours") in found
    assert ("attempt.at", "2025-11-19T12:00:00+01:00") in found
    assert ("delay.usual", "1 day") in found


def test_only_the_rated_fact(explain: Callable[..., dict[str, Any]]) -> None:
    """A diagnosis that is rated for each fact is explained for the fact that made its state."""
    tree = explain("topup.paid")
    assert [fact["key"]["id"] for fact in tree["about"]] == ["a1"]
    assert ("attempt.state", "refused") not in values(tree)


def test_records_and_nothing_else(
    make_package: Callable[..., Path],
) -> None:
    """An explanation says what the records say, even where the facts say something else."""
    from dataclasses import replace

    from simdiag.reasoning.explanation import explain as tree_of

    diag = Simdiag.load(make_package(), engine="reference")
    (case,) = read_facts(diag, FACTS)
    found = diag.assess(case)
    outcomes = {
        rule: {subject: replace(outcome, support=()) for subject, outcome in by_subject.items()}
        for rule, by_subject in found.inference.outcomes.items()
    }
    emptied = replace(found, inference=replace(found.inference, outcomes=outcomes))
    tree = tree_of(diag.program, emptied, diag.serialiser(), "topup.paid")
    assert values(tree) == set()
    assert [node["id"] for node in tree["parts"]] == ["topup.paid#captured", "topup.paid#late"]


def test_heaviest_rule_first(explain: Callable[..., dict[str, Any]]) -> None:
    """True rules come before undecided ones, and what weighs most comes first."""
    tree = explain("topup.limit", FACTS.replace("state: captured", "state: refused"))
    shown = [(node["id"], node["truth"]) for node in tree["parts"]]
    assert shown == [("topup.limit#limit", "unknown"), ("topup.limit#same", "unknown")]


def test_undecided_rule_names_what_is_not_known(explain: Callable[..., dict[str, Any]]) -> None:
    """An undecided rule stands in the tree with the slot that nobody knows."""
    (rule,) = explain("topup.limit")["parts"]
    assert rule["truth"] == "unknown"
    assert ("attempt.step", None) in values(rule)


def test_finding_once(explain: Callable[..., dict[str, Any]]) -> None:
    """A finding that several rules read is derived once; later it points back."""
    tree = explain("ask")
    again = [node["again"] for node in nodes(tree) if node.get("id") == "attempt.late"]
    assert len(again) > 1
    assert again[0] is False
    assert all(again[1:])


def test_action_with_its_causes(explain: Callable[..., dict[str, Any]]) -> None:
    """An action is explained by its advice and by the diagnosis that calls for it."""
    tree = explain("ask")
    assert (tree["status"], tree["title"]) == ("recommended", "Ask the seller")
    assert {"topup.paid#do-ask", "topup.paid"} <= {node["id"] for node in tree["parts"]}


def test_prerequisite(explain: Callable[..., dict[str, Any]]) -> None:
    """An action that stands in the plan for another one says so."""
    kinds = {node["kind"]: node["id"] for node in explain("proof")["parts"]}
    assert kinds["required"] == "ask"


def test_forbidden_action(explain: Callable[..., dict[str, Any]]) -> None:
    """An action that is not in the plan shows the veto that forbids it."""
    tree = explain("retry")
    assert tree["status"] == "absent"
    assert ("veto", "pay_again") in {(node["kind"], node["id"]) for node in tree["parts"]}


def test_finding_of_several_facts(explain: Callable[..., dict[str, Any]]) -> None:
    """A finding is shown for each given fact."""
    tree = explain("attempt.late")
    assert [node["value"] for node in tree["parts"]] == [True, False]


def test_rule_and_contradiction(explain: Callable[..., dict[str, Any]]) -> None:
    """A rule can be asked for by its id, a contradiction too."""
    assert explain("topup.paid#captured")["text"] == "The bank shows the payment."
    tree = explain("contradiction#paid-and-refused")
    assert ("case.refused", True) in values(tree)


def test_nothing_suggested(explain: Callable[..., dict[str, Any]]) -> None:
    """Without a suggested diagnosis the first action is explained, with its ladder."""
    tree = explain("", "{as_of: 2025-11-20, attempt: none}")
    assert (tree["kind"], tree["ladder"]) == ("action", "Start with this.")


def test_unknown_id(explain: Callable[..., dict[str, Any]]) -> None:
    """An id that does not exist is refused with a suggestion."""
    with pytest.raises(UsageError, match=r"did you mean `attempt.late`"):
        explain("attempt.lat")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_examples_in_words(lang: str) -> None:
    """Every conclusion of an example has a text in each language, with nothing left open."""
    diag = Simdiag.load(languages=[lang], engine="reference")
    folder = Path(__file__).parents[2] / "examples"
    for name in ("topup/04-paid-thirty-hours-ago.yaml", "bill/15-same-line-twice.yaml"):
        (case,) = diag.cases(folder / name, diag.reader())
        found = diag.assess(case)
        names = [
            *(each.id for each in found.diagnoses),
            *(each.id for each in found.actions),
            *(each.id for each in found.vetoes),
            *(each.rule for each in found.conflicts),
        ]
        for each in names:
            text = explanation_text(diag, explain_case(diag, case, each, lang))
            assert text
            assert "{" not in text
            assert ": None\n" not in f"{text}\n"
