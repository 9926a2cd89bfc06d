"""The protocol beside the facts: what was asked, in which order, and what was not known."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from small import AS_OF, start, tool  # type: ignore[import-not-found]

from simdiag.api import consultation, protocol_beside, resume_consultation, save_consultation
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.questions import Ask

KIND = Step(Ask("p", 0, "kind"), Reply.VALUE, "topup", frozenset({"topup"}))
UNSURE = Step(Ask("p", 0, "signs"), Reply.DONT_KNOW)
PAY = Step(Ask("a", 0, "pay"), Reply.VALUE, "taken", "taken")


def saved(path: Path) -> Consultation:
    """Save a short consultation."""
    state: Consultation = start().taken(KIND).taken(UNSURE).taken(PAY)
    save_consultation(state, path)
    return state


def again(path: Path) -> Consultation:
    """Begin with the facts of a file."""
    (case,) = tool().cases(path, tool().reader())
    return resume_consultation(consultation(tool(), AS_OF, case), path)


def test_what_was_not_known_is_not_asked_again(tmp_path: Path) -> None:
    """Going on from a file asks the next question, also after a "don't know"."""
    path = tmp_path / "facts.yaml"
    state = saved(path)
    resumed = again(path)
    assert resumed.assessment.diagnoses == state.assessment.diagnoses
    assert resumed.question == state.question
    assert [step.ask for step in resumed.steps] == [UNSURE.ask]


def test_protocol_holds_the_order_and_is_private(tmp_path: Path) -> None:
    """Questions and answers stand in their order, in a file that only its owner may read."""
    path = tmp_path / "facts.yaml"
    saved(path)
    beside = protocol_beside(path)
    assert beside.name == "facts.protocol.json"
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    steps = json.loads(beside.read_text())["steps"]
    assert [step["question"] for step in steps] == ["p.kind", "p.signs", "a.pay"]
    assert [step["reply"] for step in steps] == ["value", "don't know", "value"]


def test_facts_are_enough(tmp_path: Path) -> None:
    """Without a protocol, or with one that is damaged or of another case, the facts count alone."""
    path = tmp_path / "facts.yaml"
    state = saved(path)
    other = json.dumps({"case": "other", "steps": [{"reply": "don't know", "question": "p.hurry"}]})
    odd = json.dumps(
        {"case": state.case_id, "steps": [1, {"reply": "don't know", "question": "x.y"}]}
    )
    for text in ("{", "[]", "null", other, odd):
        protocol_beside(path).write_text(text)
        assert again(path).steps == ()
    protocol_beside(path).unlink()
    assert again(path).steps == ()
