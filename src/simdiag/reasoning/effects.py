"""What each answer to a question would do: tried out, not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from simdiag.loading.scalars import write_value
from simdiag.model.assessment import Assessment, State, VetoStatus
from simdiag.model.values import Kind, Value
from simdiag.reasoning.consultation import Consultation, Reply, Step
from simdiag.reasoning.questions import Ask

# Beyond so many answers nobody reads on.
MOST: Final = 15


@dataclass(frozen=True, slots=True)
class Effect:
    """What one answer does.

    Attributes:
        step: The question with that answer.
        suggested: Ids of the diagnoses that it suggests or establishes.
        ruled_out: Ids of the diagnoses that cannot be suggested any more.
        vetoes: Ids of the vetoes that it brings.
    """

    step: Step
    suggested: tuple[str, ...]
    ruled_out: tuple[str, ...]
    vetoes: tuple[str, ...]


def effects(state: Consultation, ask: Ask) -> tuple[Effect, ...]:
    """Try every answer to a question whose answers can be listed.

    Args:
        state: The consultation so far.
        ask: A question of it.

    Returns:
        An effect for each answer; empty if the answers are a number, a date or a text, or too many.
    """
    steps = list(_steps(state, ask))
    if len(steps) > MOST:
        return ()
    return tuple(_effect(state.assessment, step, state.taken(step)) for step in steps)


def _steps(state: Consultation, ask: Ask) -> Iterator[Step]:
    if ask.more:
        yield Step(ask, Reply.MORE)
        yield Step(ask, Reply.NO_MORE)
        return
    slot = state.desk.base.templates[ask.template].slots[ask.slot]
    values: list[Value] = []
    match slot.type.kind:
        case Kind.BOOLEAN:
            values = [True, False]
        case Kind.CHOICE:
            values = list(slot.type.choices)
        case Kind.SET:
            values = [frozenset({choice}) for choice in slot.type.choices]
    for value in values:
        yield Step(ask, Reply.VALUE, write_value(value, slot.type), value)


def _effect(before: Assessment, step: Step, state: Consultation) -> Effect:
    after = state.assessment
    old, new = _standing(before), _standing(after)
    return Effect(
        step,
        tuple(name for name in new if _is_suggested(new, name) and not _is_suggested(old, name)),
        tuple(name for name in old if _is_open(old, name) and not _is_open(new, name)),
        tuple(sorted(_holding(after) - _holding(before))),
    )


def _standing(found: Assessment) -> dict[str, tuple[State, State]]:
    """Give state and highest state of every diagnosis that is not plainly unclear."""
    return {each.id: (each.rating.state, each.rating.high) for each in found.diagnoses}


def _is_suggested(standing: dict[str, tuple[State, State]], name: str) -> bool:
    return name in standing and standing[name][0] >= State.SUGGESTED


def _is_open(standing: dict[str, tuple[State, State]], name: str) -> bool:
    return name in standing and standing[name][1] >= State.SUGGESTED


def _holding(found: Assessment) -> set[str]:
    return {veto.id for veto in found.vetoes if veto.status is VetoStatus.HOLDS}
