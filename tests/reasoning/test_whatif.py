"""What if: the difference that changes of the facts make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simdiag.api import Simdiag
from simdiag.errors import UsageError
from simdiag.explaining import explain_what_if
from simdiag.reasoning.changes import ChangeReader
from simdiag.testing import read_facts

BEFORE = """
as_of: 2025-11-20 18:00
attempt:
  - {id: b, at: 2025-11-20 17:00, state: refused}
  - {id: a, at: 2025-11-20 17:30}
"""


@pytest.fixture
def small(make_package: Callable[..., Path]) -> Simdiag:
    """Load the small package."""
    return Simdiag.load(make_package(), engine="reference")


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        (["attempt[1].state=captured"], "state: refused", "state: captured"),
        (["attempt[b].state=captured"], "state: refused", "state: captured"),
        (["attempt[2].state=refused"], "17:30", "17:30, state: refused"),
        (["attempt[b].state=unknown"], ", state: refused", ""),
        (["attempt[b].id=z"], "id: b", "id: z"),
        (["problem.kind=paid"], "attempt:", "problem: {kind: paid}\nattempt:"),
        (["as_of=2025-12-24"], "2025-11-20 18:00", "2025-12-24"),
        (["attempt=none"], BEFORE[BEFORE.index("attempt:") :], "attempt: none"),
        (["attempt=unknown"], BEFORE[BEFORE.index("attempt:") :], ""),
        (
            ["attempt[1].state=captured", "attempt[1].at=2025-11-01 10:00"],
            "2025-11-20 17:00, state: refused",
            "2025-11-01 10:00, state: captured",
        ),
    ],
)
def test_same_as_another_file(small: Simdiag, changes: list[str], old: str, new: str) -> None:
    """A change gives the very result of a file in which that was written."""
    assert old in BEFORE
    (case,) = read_facts(small, BEFORE)
    (wanted,) = read_facts(small, BEFORE.replace(old, new, 1))
    changed = ChangeReader(case, small.reader()).changed(changes)
    results = [small.serialiser().assessment(small.assess(each)) for each in (changed, wanted)]
    assert results[0] == results[1]


def test_difference(small: Simdiag) -> None:
    """The difference holds what was added, removed and changed, and nothing else."""
    (case,) = read_facts(small, BEFORE)
    found = explain_what_if(small, case, ["attempt[b].state=captured"])["difference"]
    (paid,) = (each for each in found["diagnoses"] if each["id"] == "topup.paid")
    assert (paid["before"]["score"], paid["after"]["score"]) == (0, 50) or paid["after"]["state"]
    assert {(each["id"], each["change"]) for each in found["vetoes"]} == {("pay_again", "changed")}
    assert found["conflicts"] == []


def test_no_difference(small: Simdiag) -> None:
    """A change to the value that is there changes nothing."""
    (case,) = read_facts(small, BEFORE)
    found = explain_what_if(small, case, ["attempt[b].state=refused"])["difference"]
    assert not any(found.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("attempt", "cannot read the change"),
        ("atempt.state=captured", "did you mean `attempt`"),
        ("attempt[1].stat=captured", "did you mean `state`"),
        ("attempt.state=captured", "there are 2 facts of `attempt`"),
        ("attempt[3].state=captured", r"no `attempt\[3\]` among 2 facts"),
        ("attempt[1].state=captrued", "did you mean `captured`"),
        ("attempt=many", "name a slot"),
        ("as_of=soon", "`as_of` must be"),
    ],
)
def test_what_cannot_be_read(small: Simdiag, change: str, message: str) -> None:
    """A change that cannot be made is wrong usage, and the message says what to do."""
    (case,) = read_facts(small, BEFORE)
    with pytest.raises(UsageError, match=message):
        explain_what_if(small, case, [change])
