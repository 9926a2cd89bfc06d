"""A firing order that is total, equal in every process, and exact in taking back.

The strategy of experta 1.9.4 keeps activations in a list sorted by (salience, fact ids). Rules over
the same facts share that key, and a withdrawn activation is looked for only next to the place where
bisection lands: with four or more equal keys some are missed, and fire although their condition no
longer holds. The order among equal keys follows the hash seed. Here the key is unique, and what is
withdrawn is found by equality among everything that has its key.
"""

from __future__ import annotations

from typing import Any

from simdiag.engines.rete.guard import load_experta

experta = load_experta()
_Strategy: Any = experta.abstract.Strategy
_Fact: Any = experta.Fact

Key = tuple[int, int, tuple[int, ...], str, int, tuple[tuple[str, str], ...] | tuple[int, ...]]


class TotalOrderStrategy(_Strategy):
    """Fires by salience, then rule ordinal, then newest facts, then rule name, then binding.

    The ordinal is the attribute ``ordinal`` of the rule object; a smaller one fires first. A rule
    without it counts as 0, so that plain experta programs keep the depth order of CLIPS: newest
    facts first. Of rules with one name, the place among the rules of the engine decides, which our
    matchers note in the attribute ``position``.
    """

    def get_key(self, activation: Any) -> Key:
        """Give the sort key of an activation; the smallest key fires first.

        Args:
            activation: An experta ``Activation`` over declared facts.

        Returns:
            ``(-salience, ordinal, negated fact ids with the newest first, rule name, position,
            bindings by name)``. Under our matchers two activations have equal keys only if no
            right-hand side could tell them apart.
        """
        rank: Key | None = getattr(activation, "rank", None)
        if rank is not None:
            return rank
        head, tail = head_and_tail(activation.rule)
        context = activation.context
        return (
            *head,
            tuple(sorted(-fact["__factid__"] for fact in activation.facts)),
            *tail,
            tuple(
                (name, _orderable(context[name]))
                for name in sorted(context)
                if not name.startswith("__")  # made from the address of a pattern
            ),
        )

    def update_agenda(self, agenda: Any, added: Any, removed: Any) -> None:
        """Put activations on the agenda, and take others from it."""
        if added or removed:  # experta asks after each firing
            super().update_agenda(agenda, added, removed)

    def _update_agenda(self, agenda: Any, added: Any, removed: Any) -> None:
        waiting = agenda.activations
        if removed and waiting:
            waiting = self._without(waiting, removed)
        for activation in added:
            activation.key = self.get_key(activation)
        # The agenda takes from the end of its list, so the smallest key comes last.
        agenda.activations = sorted([*waiting, *added], key=_key_of, reverse=True)

    def _without(self, waiting: list[Any], removed: Any) -> list[Any]:
        withdrawn: dict[Key, list[Any]] = {}
        for activation in removed:
            activation.key = self.get_key(activation)
            withdrawn.setdefault(activation.key, []).append(activation)
        return [each for each in waiting if not _take(withdrawn.get(each.key), each)]


def head_and_tail(rule: Any) -> tuple[tuple[int, int], tuple[str, int]]:
    """Give what a rule adds to keys: before the facts of an activation, and after them."""
    head = -rule.salience, getattr(rule, "ordinal", None) or 0
    return head, (getattr(rule, "__name__", ""), getattr(rule, "position", 0))


def _key_of(activation: Any) -> Key:
    key: Key = activation.key
    return key


def _take(candidates: list[Any] | None, activation: Any) -> bool:
    """Remove one candidate that equals the activation, and tell whether there was one."""
    if not candidates or activation not in candidates:
        return False
    candidates.remove(activation)
    return True


def _orderable(value: Any) -> str:
    """Turn a bound value into a text that depends on no hash seed and, for data, no address."""
    if isinstance(value, _Fact):
        return f"{value['__factid__']:012d}"
    if isinstance(value, frozenset):
        return f"frozenset({sorted(_orderable(item) for item in value)})"
    return f"{type(value).__name__}:{value!r}"
