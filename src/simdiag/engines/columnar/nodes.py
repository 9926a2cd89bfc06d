"""Conditions and expressions of a knowledge base, prepared for columns.

Each node knows which lists it reads through aliases (`free`); what reads the case alone, or one
fact, is worked out once for all cases or facts and found again by its key, whatever the alias is
called. The facts that a condition looks for are split into groups that do not read each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from simdiag.engines.branches import branches_of
from simdiag.model.conditions import (
    Aggregate,
    AggregateKind,
    All,
    Any,
    Arithmetic,
    AsOf,
    AtLeast,
    Call,
    Compare,
    Condition,
    Each,
    Expression,
    Literal,
    Match,
    Not,
    Operator,
    PairRef,
    SlotRef,
)
from simdiag.model.knowledge import CASE, KnowledgeBase
from simdiag.model.terms import Cardinality
from simdiag.model.values import SlotType, Value

Free: TypeAlias = frozenset[str]
Key: TypeAlias = tuple[object, ...]
NONE: Free = frozenset()
_N = TypeVar("_N", bound="Node")


@dataclass(slots=True)
class Node:
    """Something that can be worked out for every element of a domain.

    Attributes:
        free: Aliases of lists that it reads and does not bind itself.
        key: Equal for nodes with equal meaning, if they read at most one such alias.
        cheap: Whether it is worked out without looking for facts.
        ident: Number of the key; -1 where more than one list is read.
    """

    free: Free
    key: Key = ()
    cheap: bool = True
    ident: int = -1


@dataclass(slots=True)
class Constant(Node):
    """A literal."""

    value: Value = False
    type: SlotType | None = None


@dataclass(slots=True)
class SlotNode(Node):
    """A slot of the fact of an alias."""

    alias: str = ""
    template: str = ""
    slot: str = ""
    type: SlotType | None = None


@dataclass(slots=True)
class PairNode(Node):
    """A finding about two facts."""

    aliases: tuple[str, str] = ("", "")
    templates: tuple[str, str] = ("", "")
    finding: str = ""


@dataclass(slots=True)
class MomentNode(Node):
    """The moment of judgement."""


@dataclass(slots=True)
class ArithmeticNode(Node):
    """A sum, difference or product."""

    symbol: str = "+"
    left: Node = field(default_factory=lambda: Node(NONE))
    right: Node = field(default_factory=lambda: Node(NONE))
    type: SlotType | None = None


@dataclass(slots=True)
class CallNode(Node):
    """A function of the language."""

    function: str = ""
    arguments: tuple[Node, ...] = ()
    extra: tuple[int | str, ...] = ()
    type: SlotType | None = None


@dataclass(slots=True)
class Level:
    """One fact that is looked for.

    Attributes:
        alias, template: What it is called, and of what kind it is.
        local: What must hold of it alone.
        joins: What must hold of it together with facts bound before.
        others: Aliases that must stand for another fact.
        key: Tells equal `local` parts.
        ident: Number of the key.
    """

    alias: str
    template: str
    local: list[Node] = field(default_factory=list)
    joins: list[Node] = field(default_factory=list)
    others: tuple[str, ...] = ()
    key: Key = ()
    ident: int = -1


@dataclass(slots=True)
class AggregateNode(Node):
    """A value computed over the facts of a level."""

    kind: AggregateKind = AggregateKind.COUNT
    level: Level = field(default_factory=lambda: Level("", ""))
    value: Node | None = None
    value_type: SlotType | None = None
    type: SlotType | None = None
    value_slot: tuple[str, str] = ("", "")


@dataclass(slots=True)
class CompareNode(Node):
    """A comparison."""

    operator: Operator = Operator.EQUAL
    left: Node = field(default_factory=lambda: Node(NONE))
    right: tuple[Node, ...] = ()


@dataclass(slots=True)
class BoundNode(Node):
    """A fact that is bound already exists, and is other than some."""

    alias: str = ""
    template: str = ""
    others: tuple[str, ...] = ()


@dataclass(slots=True)
class SearchNode(Node):
    """Facts that are looked for together; there is at least one combination."""

    levels: list[Level] = field(default_factory=list)


@dataclass(slots=True)
class ConjunctionNode(Node):
    """Everything holds: parts that bind nothing, and groups of facts that are looked for.

    ``levels`` are the same facts in written order, for finding the first of the best bindings.
    """

    parts: list[Node] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    fixed: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class BranchNode(Node):
    """A condition over conjunctions that are decided on their own."""

    condition: Condition | None = None
    branches: tuple[ConjunctionNode, ...] = ()


class Compiler:
    """Makes nodes of the conditions of one knowledge base.

    Args:
        base: Tells which templates are lists.
    """

    def __init__(self, base: KnowledgeBase) -> None:
        """Note which templates have one row."""
        self.base = base
        self._idents: dict[Key, int] = {}

    def _numbered(self, node: _N, scope: Mapping[str, str]) -> _N:
        """Give a node the number of its key, if it is the same for all that reads its fact."""
        shared = any(self.is_shared(scope[alias]) for alias in node.free)
        if len(node.free) <= 1 and not (shared and _reads_case(node.key, self.base)):
            node.ident = self._ident(canonical(node))
        return node

    def is_shared(self, template: str) -> bool:
        """Say whether a template has the same rows in all cases."""
        known = self.base.templates.get(template)
        return known is not None and known.cardinality is Cardinality.REFERENCE

    def _ident(self, key: Key) -> int:
        return self._idents.setdefault(key, len(self._idents))

    def is_list(self, template: str) -> bool:
        """Say whether an alias of a template can stand for different facts of a case."""
        known = self.base.templates.get(template)
        if known is None:
            return False
        if known.cardinality is Cardinality.REFERENCE:
            return len(known.rows) != 1
        return known.cardinality is Cardinality.MANY

    def conjunction(self, parts: Sequence[Condition], scope: Mapping[str, str]) -> ConjunctionNode:
        """Prepare a conjunction; ``scope`` tells the template of each alias bound outside."""
        known = dict(scope)
        levels: list[Level] = []
        nodes: list[Node] = []
        fixed: list[tuple[str, str]] = []
        for part in parts:
            if isinstance(part, Match) and part.alias not in known:
                known[part.alias] = part.template
                if self.is_list(part.template):
                    levels.append(Level(part.alias, part.template, others=part.other_than))
                    continue
                fixed.append((part.alias, part.template))
            nodes.append(self.condition(part, known))
        order = {level.alias: number for number, level in enumerate(levels)}
        bound = self._share_out(nodes, levels, order)
        searches = [self._search(group, known) for group in _groups(levels)]
        found = sorted([*bound, *searches], key=lambda node: (not node.cheap, len(node.free)))
        free = _union(found) - order.keys()
        key = ("all", *sorted((node.key for node in found), key=repr))
        cheap = all(node.cheap for node in found)
        node = ConjunctionNode(free, key, cheap, parts=found, levels=levels, fixed=tuple(fixed))
        return self._numbered(node, known)

    def _share_out(
        self, nodes: Iterable[Node], levels: list[Level], order: Mapping[str, int]
    ) -> list[Node]:
        """Give each part to the last fact that it reads; what reads none of them is left."""
        bound = []
        for node in nodes:
            last = max((order[alias] for alias in node.free if alias in order), default=-1)
            if last < 0:
                bound.append(node)
            elif len(node.free) == 1 and node.ident >= 0:
                levels[last].local.append(node)
            else:
                levels[last].joins.append(node)
        for level in levels:
            self._name_local(level)
            level.joins.sort(key=lambda node: not node.cheap)
        return bound

    def _name_local(self, level: Level) -> None:
        keys = (_renamed(node.key, {level.alias: "$"}) for node in level.local)
        level.key = ("local", level.template, *sorted(keys, key=repr))
        level.ident = self._ident(level.key)

    def _search(self, levels: list[Level], scope: Mapping[str, str]) -> SearchNode:
        own = {level.alias for level in levels}
        free: Free = frozenset().union(
            *(node.free for level in levels for node in level.joins),
            *(level.others for level in levels),
        )
        free = frozenset(alias for alias in free - own)
        joined = tuple(node.key for level in levels for node in level.joins)
        height = _height(joined)
        names = {each.alias: f"#{height}.{number}" for number, each in enumerate(levels)}
        key = ("search", *(self._level_key(level, names) for level in levels))
        return self._numbered(SearchNode(free, key, cheap=False, levels=levels), scope)

    def _level_key(self, level: Level, names: Mapping[str, str]) -> Key:
        """Give a key in which the facts that are looked for have names of their own."""
        joins = sorted((_renamed(node.key, names) for node in level.joins), key=repr)
        others = tuple(("@", names.get(alias, alias)) for alias in level.others)
        return (level.key, *joins, "other", *others)

    # Conditions ----------------------------------------------------------------------------------

    def condition(self, part: Condition, scope: Mapping[str, str]) -> Node:
        """Prepare a condition."""
        if isinstance(part, Compare):
            return self._compare(part, scope)
        if isinstance(part, Match):
            is_list = self.is_list(part.template)
            free = frozenset({part.alias, *part.other_than}) if is_list else NONE
            free = frozenset(alias for alias in free if self.is_list(scope[alias]))
            named = ("exists", part.template, _at(part.alias), *map(_at, part.other_than))
            bound = BoundNode(free, named, alias=part.alias, template=part.template)
            bound.others = part.other_than
            return self._numbered(bound, scope)
        if isinstance(part, All):
            return self.conjunction(part.parts, scope)
        branches = tuple(self.conjunction(each.parts, scope) for each in branches_of(part))
        free = _union(branches)
        word: Key = (type(part).__name__, part.count if isinstance(part, AtLeast) else 0)
        key: Key = (*word, *(branch.key for branch in branches))
        cheap = all(branch.cheap for branch in branches)
        assert isinstance(part, Not | Any | AtLeast | Each)  # noqa: S101 - there are no others
        return self._numbered(
            BranchNode(free, key, cheap, condition=part, branches=branches), scope
        )

    def _compare(self, part: Compare, scope: Mapping[str, str]) -> Node:
        left = self.expression(part.left, scope)
        right = tuple(self.expression(each, scope) for each in part.right)
        free = _union((left, *right))
        key = ("compare", part.operator.value, left.key, *(each.key for each in right))
        node = CompareNode(free, key, _all_cheap((left, *right)))
        node.operator, node.left, node.right = part.operator, left, right
        return self._numbered(node, scope)

    # Expressions ---------------------------------------------------------------------------------

    def expression(self, part: Expression, scope: Mapping[str, str]) -> Node:
        """Prepare an expression."""
        match part:
            case Literal(value, slot_type):
                key: Key = ("is", type(value).__name__, value, slot_type)
                return Constant(NONE, key, value=value, type=slot_type)
            case SlotRef():
                return self._slot(part, scope)
            case PairRef():
                return self._pair(part, scope)
            case AsOf():
                return MomentNode(NONE, ("as_of",))
            case Aggregate():
                return self._numbered(self._aggregate(part, scope), scope)
            case Arithmetic(symbol, left, right, slot_type):
                first, second = self.expression(left, scope), self.expression(right, scope)
                both = (first, second)
                node = ArithmeticNode(
                    _union(both), (symbol, first.key, second.key), _all_cheap(both)
                )
                node.symbol, node.left, node.right, node.type = symbol, first, second, slot_type
                return self._numbered(node, scope)
            case Call(function, arguments, slot_type, extra):
                parts = tuple(self.expression(each, scope) for each in arguments)
                key = (function, extra, slot_type, *(each.key for each in parts))
                call = CallNode(_union(parts), key, _all_cheap(parts), arguments=parts)
                call.function, call.extra, call.type = function, extra, slot_type
                return self._numbered(call, scope)

    def _slot(self, part: SlotRef, scope: Mapping[str, str]) -> SlotNode:
        template = scope.get(part.alias, part.alias)
        free = frozenset({part.alias}) if self.is_list(template) else NONE
        key = ("slot", template, part.slot, *((_at(part.alias),) if free else ()))
        return SlotNode(
            free, key, alias=part.alias, template=template, slot=part.slot, type=part.type
        )

    def _pair(self, part: PairRef, scope: Mapping[str, str]) -> PairNode:
        aliases = (part.first, part.second)
        templates = (scope[part.first], scope[part.second])
        pairs = zip(aliases, templates, strict=True)
        free = frozenset(alias for alias, template in pairs if self.is_list(template))
        key = ("pair", part.finding, _at(part.first), _at(part.second))
        return PairNode(free, key, aliases=aliases, templates=templates, finding=part.finding)

    def _aggregate(self, part: Aggregate, scope: Mapping[str, str]) -> Node:
        alias, template = part.match.alias, part.match.template
        inner = {**scope, alias: template}
        where = self.conjunction(part.where.parts, inner)
        level = Level(alias, template, others=part.match.other_than)
        for node in where.parts:
            local = node.free == {alias} and node.ident >= 0
            (level.local if local else level.joins).append(node)
        self._name_local(level)
        value = None if part.value is None else self.expression(part.value, inner)
        free = _union((*where.parts, *(() if value is None else (value,)))) | frozenset(
            level.others
        )
        free = frozenset(each for each in free - {alias} if self.is_list(scope[each]))
        told = () if value is None else value.key
        joined = tuple(node.key for node in level.joins)
        names = {alias: f"#{_height((joined, told))}"}
        key = (part.kind.value, self._level_key(level, names), "value", _renamed(told, names))
        slot = ("", "")
        if isinstance(part.value, SlotRef):
            slot = (inner.get(part.value.alias, part.value.alias), part.value.slot)
        return AggregateNode(
            free,
            key,
            cheap=False,
            kind=part.kind,
            level=level,
            value=value,
            value_type=None if part.value is None else part.value.type,
            type=part.type,
            value_slot=slot,
        )


def _at(alias: str) -> Key:
    return ("@", alias)


def _renamed(key: Key, names: Mapping[str, str]) -> Key:
    """Replace aliases in a key."""
    if key and key[0] == "@":
        return ("@", names.get(str(key[1]), key[1]))
    return tuple(_renamed(part, names) if isinstance(part, tuple) else part for part in key)


def _height(key: object) -> int:
    """Give a number that no name of an inner fact in a key has."""
    if isinstance(key, tuple):
        return max((_height(part) for part in key), default=0)
    if isinstance(key, str) and key.startswith("#"):
        return int(key[1:].partition(".")[0]) + 1
    return 0


def _reads_case(key: object, base: KnowledgeBase) -> bool:
    """Say whether a key speaks of facts of a case, and not only of shared rows."""
    if isinstance(key, tuple):
        if key and key[0] == "as_of":
            return True
        return any(_reads_case(part, base) for part in key)
    known = base.templates.get(key) if isinstance(key, str) else None
    return key == CASE or (known is not None and known.cardinality is not Cardinality.REFERENCE)


def canonical(node: Node) -> Key:
    """Give the key of a node that reads one list, whatever its alias is called."""
    return _renamed(node.key, dict.fromkeys(node.free, "$"))


def _union(nodes: Iterable[Node]) -> Free:
    return frozenset().union(*(node.free for node in nodes))


def _all_cheap(nodes: Iterable[Node]) -> bool:
    return all(node.cheap for node in nodes)


def _groups(levels: Sequence[Level]) -> list[list[Level]]:
    """Split the facts that are looked for into groups that do not read each other."""
    group_of = {level.alias: number for number, level in enumerate(levels)}
    for level in levels:
        read = set(level.others).union(*(node.free for node in level.joins)) & group_of.keys()
        joined = {group_of[alias] for alias in (*read, level.alias)}
        target = min(joined)
        for alias, number in group_of.items():
            if number in joined:
                group_of[alias] = target
    found: dict[int, list[Level]] = {}
    for level in levels:
        found.setdefault(group_of[level.alias], []).append(level)
    return list(found.values())
