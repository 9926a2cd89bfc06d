"""The single parts of a page, as plain data."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simdiag.i18n import Messages
from simdiag.model.knowledge import KnowledgeBase
from simdiag.reporting.page import make_report
from simdiag.reporting.rest import freshness
from simdiag.reporting.view import Case, When

Result = dict[str, Any]
PAID, REFUSED = "topup.paid-not-credited", "topup.amount-refused"
UNTIL = "2025-11-21T17:50:00+01:00"


def case_of(kb: KnowledgeBase, result: Result, lang: str = "en") -> Case:
    """What the page of one result shows."""
    (case,) = make_report([result], kb, lang).cases
    return case


def with_action(result: Result, **changes: object) -> Result:
    """The result with its first action changed and the others left out."""
    return result | {"actions": [result["actions"][0] | changes]}


def test_arguments_fill_the_title(kb: KnowledgeBase, result: Result) -> None:
    """A placeholder in a title is filled with the argument as a person writes it."""
    assert case_of(kb, result).steps[0].title == "Wait until 21 Nov 2025, 17:50"


def test_missing_argument_is_a_gap(kb: KnowledgeBase, result: Result) -> None:
    """What is not known stays open in the words to say."""
    assert case_of(kb, result).maybe[0].say == "I paid €10.00 on … and the credit did not arrive."


def test_possible_steps_stand_apart(kb: KnowledgeBase, result: Result) -> None:
    """Possible actions come after the recommended ones, and numbers run on."""
    case = case_of(kb, result)
    assert [step.number for step in (*case.steps, *case.maybe)] == [1, 2, 3]
    assert case.maybe[0].after == ("step 2",)
    assert case.maybe[0].find_out.entries == ("Who took the money?",)


def test_date_among_the_arguments_is_prominent(kb: KnowledgeBase, result: Result) -> None:
    """A date argument stands with the dates, once, even if a not-before is equal."""
    expected = (When("Until", "Friday 21 November 2025, 17:50", UNTIL),)
    assert case_of(kb, result).steps[0].when == expected
    assert case_of(kb, with_action(result, not_before=UNTIL)).steps[0].when == expected


@pytest.mark.parametrize(
    ("not_before", "shown"),
    [
        ("2025-11-20", False),
        ("2025-11-20T18:00:00+01:00", False),
        ("2025-11-20T17:01:00+00:00", True),
        ("2025-11-21", True),
    ],
)
def test_past_not_before_is_left_out(
    kb: KnowledgeBase, result: Result, not_before: str, shown: bool
) -> None:
    """A date from which something may be done says nothing once it is reached."""
    changed = with_action(result, not_before=not_before, args={})
    (when,) = case_of(kb, changed).steps[0].when
    assert (when.name == "Not before") is shown
    assert shown or when.text == "Now"


def test_past_deadline_says_so(kb: KnowledgeBase, result: Result) -> None:
    """A deadline that lies before the moment of the case is marked; one of the same day is not."""
    passed = case_of(kb, with_action(result, not_after="2025-11-19", args={})).steps[0].when
    today = case_of(kb, with_action(result, not_after="2025-11-20", args={})).steps[0].when
    assert passed[0].passed == "This date has passed"
    assert today[0].passed == ""


def test_cost_of_nothing_is_not_told(kb: KnowledgeBase, result: Result) -> None:
    """A cost of 0.00 can mean that none is stated, so the page does not say that it is free."""
    case = case_of(kb, result)
    assert case.steps[0].cost == ""
    assert case.maybe[0].cost == "€1.50"


def test_ladder_introduces_the_plan(kb: KnowledgeBase, result: Result) -> None:
    """A plan that stands there because nothing else was advised says so."""
    changed = with_action(result, ladder="topup")
    assert case_of(kb, changed).lead.startswith("We do not know the cause yet.")
    assert case_of(kb, result).lead == ""


def test_vetoes_that_only_may_hold_stand_apart(kb: KnowledgeBase, result: Result) -> None:
    """A veto that only may hold is no plain prohibition, and its undecided rules are no reasons."""
    result["vetoes"][0]["because"] = result["vetoes"][1]["because"]
    case = case_of(kb, result)
    assert [ban.title for ban in case.bans] == ["Do not pay again"]
    assert case.bans[0].reasons == ("The payment of today is not lost.",)
    (precaution,) = case.maybe_bans
    assert (precaution.title, precaution.reasons) == ("Do not give codes away", ())
    assert precaution.text == "Nobody honest asks for your PIN."


def test_undecided_rules_are_no_reasons(kb: KnowledgeBase, result: Result) -> None:
    """A step that only might be advised, or that another step needs, does not borrow reasons."""
    rules = result["actions"][0]["because"]
    assert case_of(kb, with_action(result, because=rules)).steps[0].reasons
    assert not case_of(kb, with_action(result, because=rules, status="possible")).maybe[0].reasons
    assert not case_of(kb, with_action(result, because=rules, id="gather_proof")).steps[0].reasons


def test_steps_for_improbable_causes_are_titles(kb: KnowledgeBase, result: Result) -> None:
    """What only might be advised, for a cause to which nothing points, is named by title."""
    far = result["actions"][2] | {"for": [REFUSED]}
    result["actions"] = [far | {"id": f"a{n}", "title": f"Step {n}"} for n in range(11)]
    case = case_of(kb, result)
    assert case.maybe == ()
    assert case.other_steps.entries == tuple(f"Step {n}" for n in range(8))
    assert case.other_steps.more == "and 3 more"


def test_reasons_have_their_facts(kb: KnowledgeBase, result: Result) -> None:
    """Each reason names the facts that it read, with values; a rule against stands apart."""
    (cause,) = case_of(kb, result).causes
    (reason,) = cause.speaks_for
    (fact,) = reason.facts
    assert fact.label == "Top-up attempt · 20 Nov 2025, 17:50 · €10.00"
    assert [(field.name, field.value) for field in fact.values] == [
        ("What the bank shows", "The money has left the account"),
        ("Whether the credit arrived", "Not yet"),
        ("Who took the money", "“Night <b>shop</b>”"),
    ]
    assert [reason.text[:11] for reason in cause.speaks_against] == ["The payment"]


def test_facts_behind_a_finding(kb: KnowledgeBase, result: Result) -> None:
    """A reason that read a finding names the facts behind that finding as well."""
    derived = result["justifications"][0] | {"kind": "derive", "for": "attempt.age", "rule": "x"}
    result["justifications"] = [derived, result["justifications"][1]]
    (reason,) = case_of(kb, result).causes[0].speaks_against
    names = [field.name for fact in reason.facts for field in fact.values]
    assert names == [
        "Age of the attempt",
        "What the bank shows",
        "Whether the credit arrived",
        "Who took the money",
    ]


def test_facts_behind_a_finding_about_two_facts(kb: KnowledgeBase, result: Result) -> None:
    """A finding about a pair of facts is known by the name of the pair."""
    derived = result["justifications"][0] | {"kind": "derive", "for": "pair.twins", "rule": "x"}
    read = result["justifications"][1]["conditions"][0]["reads"][0]
    read |= {"slot": "attempt.twins", "value": True}
    result["justifications"] = [derived, result["justifications"][1]]
    (reason,) = case_of(kb, result).causes[0].speaks_against
    assert [field.name for field in reason.facts[0].values][:2] == ["Twins", "What the bank shows"]


def test_case_judged_for_a_day(kb: KnowledgeBase, result: Result) -> None:
    """A case that is judged for the end of a day is said to be judged for that day."""
    assert case_of(kb, result).judged.value == "Thursday 20 November 2025, 18:00"
    result["as_of"] = "2025-11-20T23:59:59+01:00"
    assert case_of(kb, result).judged.value == "Thursday 20 November 2025"


def test_evidence_of_other_facts_is_left_out(kb: KnowledgeBase, result: Result) -> None:
    """The record of another attempt is no reason for the attempt that is meant."""
    other = {"template": "attempt", "key": {"id": "a2", "amount": "5.00 EUR"}}
    result["justifications"][0]["about"] = [other]
    (reason,) = case_of(kb, result).causes[0].speaks_for
    assert reason.facts == ()


def test_parts_that_did_not_count_are_left_out(kb: KnowledgeBase, result: Result) -> None:
    """Of alternatives only those that are true are named."""
    first = result["justifications"][0]
    condition = first["conditions"][0]
    wrong = condition | {"truth": "false"}
    first["conditions"] = [
        {"kind": "any", "truth": "true", "text": "", "reads": [], "parts": [wrong]}
    ]
    assert case_of(kb, result).causes[0].speaks_for[0].facts == ()
    first["conditions"][0]["parts"] = [condition]
    assert case_of(kb, result).causes[0].speaks_for[0].facts


def test_many_values_are_cut(kb: KnowledgeBase, result: Result) -> None:
    """A rule that read very many values shows some of them and tells how many more there are."""
    condition = result["justifications"][0]["conditions"][0]
    read = condition["reads"][0]
    condition["reads"] = [
        read | {"fact": {"template": "attempt", "key": {"amount": f"{n}.00 EUR"}}}
        for n in range(12)
    ]
    (reason,) = case_of(kb, result).causes[0].speaks_for
    assert len(reason.facts) == 8
    assert reason.more == "and 4 more facts"


def test_result_without_record_says_so(kb: KnowledgeBase, result: Result) -> None:
    """A result without justifications still gives the reasons, and says what it lacks."""
    del result["justifications"]
    case = case_of(kb, result)
    assert case.no_record
    assert case.causes[0].speaks_for[0].text.startswith("Your bank shows")
    assert case.causes[0].speaks_for[0].facts == ()


def test_range_in_words(kb: KnowledgeBase, result: Result) -> None:
    """How sure a cause is, is said in words, with the questions that would change it."""
    (entry,) = case_of(kb, result).certainties
    assert entry.status == "Confirmed. It can still become: Likely."
    assert (entry.low, entry.rank, entry.high) == (2, 3, 3)
    assert entry.questions[0] == "Did the credit arrive?"
    result["diagnoses"][0]["possible"] = ["established", "established"]
    (entry,) = case_of(kb, result).certainties
    assert entry.status == "Confirmed. Nothing that is still unknown can change this."


def test_possible_causes_are_not_hidden(kb: KnowledgeBase, result: Result) -> None:
    """A cause that unknown facts may still bring is named, though nothing points to it now."""
    result["diagnoses"][1] |= {"state": "unclear", "possible": ["excluded", "suggested"]}
    case = case_of(kb, result)
    assert [entry.title for entry in case.possible] == ["The amount is too small"]
    assert case.ruled_out == ()


def test_nearest_possible_causes_come_first(kb: KnowledgeBase, result: Result) -> None:
    """Of causes that are only possible, those of the area of the probable one come first."""
    vague = result["diagnoses"][1] | {"state": "unclear", "possible": ["excluded", "established"]}
    names = [f"bill.x{n}" for n in range(10)] + ["topup.y"]
    result["diagnoses"][1:] = [vague | {"id": name, "title": name[-2:]} for name in names]
    case = case_of(kb, result)
    assert [entry.title for entry in case.possible] == [".y", "x0", "x1"]
    assert case.also_possible.more == "and 2 more"


def test_certain_cause_has_no_questions(kb: KnowledgeBase, result: Result) -> None:
    """Where nothing can change the state, no question is said to change it."""
    result["diagnoses"][0]["possible"] = ["established", "established"]
    assert case_of(kb, result).certainties[0].questions == ()


def test_cause_proved_and_ruled_out(kb: KnowledgeBase, result: Result) -> None:
    """If decisive rules of one cause contradict each other, the conflict names the cause."""
    result["diagnoses"][0] |= {"state": "unclear", "possible": ["unclear", "unclear"]}
    result["conflicts"] = [{"rule": PAID, "text": "x", "facts": [], "ask": ""}]
    (clash,) = case_of(kb, result).clashes
    assert clash.text.startswith("Some facts prove this cause, others rule it out: You paid")


def test_facts_are_told_apart(kb: KnowledgeBase, result: Result) -> None:
    """The id of a fact is shown only where nothing else tells two facts apart."""
    twin = {"template": "attempt", "key": result["diagnoses"][0]["about"][0]["key"] | {"id": "a2"}}
    result["conflicts"][0]["facts"].append(twin)
    labels = case_of(kb, result).clashes[0].facts
    assert labels == (
        "Top-up attempt · “a1” · 20 Nov 2025, 17:50 · €10.00",
        "Top-up attempt · “a2” · 20 Nov 2025, 17:50 · €10.00",
    )


def test_money_of_a_bill(kb: KnowledgeBase, result: Result) -> None:
    """A bill shows its total, its lines, their difference, and what is in dispute and what not."""
    (bill,) = case_of(kb, result).bills
    assert [field.value for field in bill.rows] == ["€37.50", "€36.00", "€1.50", "€10.00", "€27.50"]
    result["amounts"]["bills"][0] |= {"total": None}
    (bill,) = case_of(kb, result).bills
    assert [field.value for field in bill.rows] == ["not known", "€36.00", "€10.00"]


def test_warnings_name_no_slot(kb: KnowledgeBase, result: Result) -> None:
    """A warning is said in words of its kind; one that we have no words for, in general ones."""
    result["warnings"].append({"code": "novel", "text": "`attempt.at` is odd"})
    warnings = case_of(kb, result).warnings
    assert warnings[0].startswith("One of the facts has a date")
    assert warnings[1].startswith("Something in the facts looks unusual")


def test_gaps_are_grouped(kb: KnowledgeBase, result: Result) -> None:
    """What is not known stands by fact; what only we could know says whom to ask."""
    gaps = case_of(kb, result).gaps
    assert [(gap.label, gap.questions) for gap in gaps] == [
        ("Top-up attempt · 20 Nov 2025, 17:50 · €10.00", ("Who took the money?",)),
        ("Brand", ("Least top-up (not known to us: ask the operator)",)),
        ("Top-up attempt", ("Did the credit arrive?",)),
    ]


def test_many_gaps_are_folded(kb: KnowledgeBase, result: Result) -> None:
    """Beyond twelve questions the rest is named in short, with its number."""
    entry = result["missing"][0]
    result["missing"] = [
        entry | {"of": {"template": "attempt", "key": {"amount": f"{n}.00 EUR"}}} for n in range(15)
    ]
    case = case_of(kb, result)
    assert len(case.gaps) == 12
    assert case.more_gaps_text == "3 more things that we do not know"
    assert [(gap.name, gap.value) for gap in case.more_gaps] == [
        (f"Top-up attempt · €{n}.00", "who took the money") for n in (12, 13, 14)
    ]


@pytest.mark.parametrize(
    ("today", "words"),
    [(date(2026, 11, 19), "last checked on"), (date(2026, 11, 20), "more than a year before")],
)
def test_freshness(kb: KnowledgeBase, today: date, words: str) -> None:
    """Figures that were checked more than a year before the case are called old."""
    assert words in freshness(kb, Messages("en"), today)


def test_other_knowledge_is_told(kb: KnowledgeBase, result: Result) -> None:
    """A result of another knowledge base says so, and its own titles stand in for unknown ids."""
    result["knowledge"]["hash"] = "fedcba9876543210"
    result["diagnoses"][0] |= {"id": "gone.elsewhere", "title": "A cause of former times"}
    case = case_of(kb, result)
    assert case.notes
    assert case.causes[0].title == "A cause of former times"


def test_overview_counts_causes(kb: KnowledgeBase, result: Result) -> None:
    """The overview has one row a case and counts the first causes, the most frequent first."""
    vague = result | {"case": "c2", "diagnoses": []}
    overview = make_report([vague, result, result], kb, "en").overview
    assert overview is not None
    assert overview.total == "3 cases"
    assert [(share.cause, share.count) for share in overview.shares] == [
        ("You paid, but the credit has not arrived", "2"),
        ("No cause stands out", "1"),
    ]
    assert overview.rows[1].cells == (
        "c1",
        "Wait until 21 Nov 2025, 17:50",
        "Until: 21 Nov 2025, 17:50",
        "Do not pay again",
        "You paid, but the credit has not arrived",
        "Confirmed",
    )


def test_reporting_is_light_to_import() -> None:
    """Importing the package imports no Jinja: commands that render nothing are quick."""
    import subprocess
    import sys

    code = "import sys, simdiag.reporting; print({'jinja2', 'babel'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
