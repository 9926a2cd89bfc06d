"""The protocol of a consultation: its questions and answers in their order, beside the facts.

The facts alone are enough to go on. The protocol adds what facts cannot say: the order, and what
somebody was asked and did not know, so that it is not asked once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simdiag.model.cases import FactList
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.questions import Ask


def protocol(state: Consultation) -> dict[str, Any]:
    """Give the protocol of a consultation as texts, lists and mappings.

    Returns:
        ``case``, and ``steps``: ``question`` (template and slot, or the template alone for "any
        more?"), ``fact`` (from 1), ``reply`` and ``answer`` as in facts files.
    """
    return {
        "case": state.case_id,
        "steps": [
            {
                "question": step.ask.template if step.ask.more else step.ask.name,
                "fact": step.ask.row + 1,
                "reply": step.reply.value,
                "answer": step.text,
            }
            for step in state.steps
        ],
    }


def resumed(state: Consultation, found: object) -> Consultation:
    """Take over from a protocol what was asked and not known.

    What does not fit the knowledge or the facts any more is left out: the facts are what counts.

    Args:
        state: A consultation that begins with the facts beside the protocol.
        found: The protocol as it was read.
    """
    steps = [step for step in _unknown(found, state) if _fits(step.ask, state)]
    for step in dict.fromkeys(steps):
        state = state.taken(step)
    return state


def _unknown(found: object, state: Consultation) -> Iterable[Step]:
    entries = found.get("steps") if isinstance(found, Mapping) else None
    same = isinstance(found, Mapping) and found.get("case") == state.case_id
    for entry in entries if same and isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("reply") == Reply.DONT_KNOW.value:
            template, _, slot = str(entry.get("question", "")).partition(".")
            if slot:
                yield Step(Ask(template, 0, slot), Reply.DONT_KNOW)


def _fits(ask: Ask, state: Consultation) -> bool:
    """Say whether a question still exists; of several facts nobody knows which one was meant."""
    template = state.desk.base.templates.get(ask.template)
    if template is None or ask.slot not in template.slots:
        return False
    facts = state.sheets.get(ask.template, FactList()).facts
    return len(facts) <= 1 and not any(ask.slot in fact.slots for fact in facts)
