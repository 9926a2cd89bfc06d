"""Working out conditions and expressions for many combinations of facts at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from simdiag.engines.columnar.aggregating import Counted, aggregate
from simdiag.engines.columnar.calculating import arithmetic, call, constant
from simdiag.engines.columnar.columns import Column, Index, Truths
from simdiag.engines.columnar.comparing import Comparer
from simdiag.engines.columnar.nodes import (
    AggregateNode,
    ArithmeticNode,
    BoundNode,
    BranchNode,
    CallNode,
    CompareNode,
    ConjunctionNode,
    Constant,
    Level,
    MomentNode,
    Node,
    PairNode,
    SearchNode,
    SlotNode,
)
from simdiag.engines.columnar.tables import (
    Batch,
    Domain,
    Pairs,
    expand,
    whole_cases,
    whole_table,
)
from simdiag.model.cases import VIRTUAL
from simdiag.model.conditions import AtLeast, Each, Not
from simdiag.model.knowledge import CASE
from simdiag.model.values import TEXT_KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEVER: Final = np.int8(0)
_TRUE: Final = np.int8(2)
_TEXTS: Final = TEXT_KINDS | {Kind.CHOICE}
# With fewer elements of interest than this share, working out all of them is not worth while.
_FEW: Final = 0.5


class Run:
    """One evaluation of a batch.

    Attributes:
        batch: The cases.
        relevance: By template and slot, for each fact whether the slot is relevant.
        pair_values, pair_templates: Findings of pairs by name, and the templates of each.
    """

    def __init__(self, batch: Batch) -> None:
        """Begin with the given facts."""
        self.batch = batch
        self.comparer = Comparer(batch.pool)
        self.relevance: dict[tuple[str, str], Truths] = {}
        self.pair_values: dict[str, Column] = {}
        self.pair_templates: dict[str, tuple[str, str]] = {}
        self._pairs: dict[tuple[str, str], Pairs] = {}
        self._truths: dict[tuple[str, int], Truths] = {}
        self._values: dict[tuple[str, int], Column] = {}
        self._wholes: dict[str, Domain] = {}

    def pairs(self, first: str, second: str) -> Pairs:
        """Give all pairs of facts of two templates."""
        if (first, second) not in self._pairs:
            self._pairs[first, second] = Pairs(self.batch, first, second)
        return self._pairs[first, second]

    def forget(self, template: str, kept: Truths) -> None:
        """Drop rows of a template, with everything that was worked out for its rows."""
        for key in [key for key in self._pairs if template in key]:
            pairs = self._pairs.pop(key)
            for name, column in self.pair_values.items():
                if self.pair_templates[name] == key:
                    self.pair_values[name] = column.take_first(_kept_pairs(pairs, template, kept))
        self.batch.tables[template].keep(kept.astype(np.bool_))
        self._truths = {key: value for key, value in self._truths.items() if key[0] != template}
        self._values = {key: value for key, value in self._values.items() if key[0] != template}
        self._wholes.pop(template, None)

    # Truths --------------------------------------------------------------------------------------

    def truth(self, node: Node, domain: Domain, among: Truths | None = None) -> Truths:
        """Give the truth of a condition for each combination.

        Args:
            node: The condition.
            domain: The combinations.
            among: If given, where it is 0 the answer does not matter.
        """
        if node.ident < 0:
            return self._truth_of_some(node, domain, among)
        if not node.free:
            known = self._remembered(node, CASE, whole_cases(self.batch))
            return known if domain.own_case is None else known[domain.own_case]
        (alias,) = node.free
        template = domain.templates[alias]
        rows = domain.rows[alias]
        if not node.cheap and among is not None and (template, node.ident) not in self._truths:
            few = np.count_nonzero(among) < _FEW * self.batch.tables[template].size
            if few:
                return self._truth_of_some(node, domain, among)
        whole = domain
        if rows is not None or len(domain.rows) > 1:
            whole = whole_table(self.batch, alias, template)
        known = self._remembered(node, template, whole)
        return known if rows is None else known[rows]

    def _remembered(self, node: Node, template: str, whole: Domain) -> Truths:
        key = (template, node.ident)
        found = self._truths.get(key)
        if found is None:
            found = np.broadcast_to(self._work_out(node, whole, None), whole.size)
            self._truths[key] = found
        return found

    def _truth_of_some(self, node: Node, domain: Domain, among: Truths | None) -> Truths:
        if among is None or node.cheap:
            return np.broadcast_to(self._work_out(node, domain, None), domain.size)
        at = np.flatnonzero(among)
        if len(at) == domain.size:
            return np.broadcast_to(self._work_out(node, domain, None), domain.size)
        result = np.zeros(domain.size, np.int8)
        if len(at):
            result[at] = self._work_out(node, domain.some(at), None)
        return result

    def _work_out(self, node: Node, domain: Domain, among: Truths | None) -> Truths:
        if isinstance(node, CompareNode):
            left = self.value(node.left, domain)
            rights = [self.value(right, domain) for right in node.right]
            return self.comparer.decide(node.operator, left, rights)
        if isinstance(node, ConjunctionNode):
            return self.conjunction(node, domain, among)
        if isinstance(node, SearchNode):
            return self._search(node.levels, domain)
        if isinstance(node, BoundNode):
            return self._bound(node, domain)
        assert isinstance(node, BranchNode)  # noqa: S101 - there are no others
        truths = [
            np.broadcast_to(self.truth(branch, domain), domain.size) for branch in node.branches
        ]
        return _combined(node, truths)

    def conjunction(self, node: ConjunctionNode, domain: Domain, limit: Truths | None) -> Truths:
        """Give the truth of a conjunction, which is at most ``limit``."""
        found = limit
        for part in node.parts:
            if found is not None and not found.any():
                break
            own = self.truth(part, domain, None if part.cheap else found)
            found = own if found is None else np.minimum(found, own)
        return np.full(domain.size, _TRUE) if found is None else found

    def _bound(self, node: BoundNode, domain: Domain) -> Truths:
        table = self.batch.tables[node.template]
        rows = domain.place(node.alias, node.template)
        found = table.exists if rows is None else table.exists[rows]
        found = np.broadcast_to(found, domain.size)
        for other in node.others:
            differs = self._differs(domain, node.alias, node.template, other)
            if differs is not None:
                found = np.where(differs, found, _NEVER)
        return found

    def _differs(self, domain: Domain, alias: str, template: str, other: str) -> Truths | None:
        """Say where two names stand for different facts; an unseen one is other than itself."""
        theirs = domain.templates.get(other, other)
        if theirs != template:
            return None
        table = self.batch.tables[template]
        first, second = domain.place(alias, template), domain.place(other, template)
        mine = np.arange(domain.size) if first is None else first
        his = np.arange(domain.size) if second is None else second
        differs: Truths = (mine != his) | table.unseen[mine]
        return differs

    # Looking for facts ---------------------------------------------------------------------------

    def local(self, level: Level) -> Truths:
        """Give for each row of a template whether it may be the fact that is looked for."""
        key = (level.template, level.ident)
        found = self._truths.get(key)
        if found is None:
            whole = whole_table(self.batch, level.alias, level.template)
            found = self.batch.tables[level.template].exists
            for node in level.local:
                found = np.minimum(found, self.truth(node, whole, None if node.cheap else found))
            self._truths[key] = found
        return found

    def extended(
        self, level: Level, domain: Domain, truth: Truths | None, *, drop: bool = True
    ) -> tuple[Domain, Index, Truths]:
        """Combine elements with the facts of a level that may be meant.

        Args:
            level: What is looked for.
            domain: The elements.
            truth: Their truth so far; true if not given.
            drop: Whether combinations that are false are left out.

        Returns:
            The combinations, the place of the element of each, and their truth.
        """
        table = self.batch.tables[level.template]
        local = self.local(level)
        kept = local > 0
        parents, rows = expand(domain.cases(), table, None if kept.all() else kept)
        found = local[rows]
        if truth is not None:
            found = np.minimum(found, truth[parents])
        wider = domain.joined(parents, level.alias, level.template, rows)
        for other in level.others:
            differs = self._differs(wider, level.alias, level.template, other)
            if differs is not None:
                found = np.where(differs, found, _NEVER)
        for node in level.joins:
            left = np.count_nonzero(found)
            if not left:
                break
            if drop and left < _FEW * len(found):
                at = np.flatnonzero(found)
                wider, parents, found = wider.some(at), parents[at], found[at]
            found = np.minimum(found, self.truth(node, wider, None if node.cheap else found))
        if drop:
            at = np.flatnonzero(found)
            if len(at) < len(found):
                wider, parents, found = wider.some(at), parents[at], found[at]
        return wider, parents, found

    def _search(self, levels: Sequence[Level], domain: Domain) -> Truths:
        roots: Index | None = None
        truth: Truths | None = None
        current = domain
        for level in levels:
            current, parents, truth = self.extended(level, current, truth)
            roots = parents if roots is None else roots[parents]
        result = np.zeros(domain.size, np.int8)
        assert roots is not None  # noqa: S101 - a search has a level
        assert truth is not None  # noqa: S101 - likewise
        result[roots[truth > 0]] = 1
        result[roots[truth == _TRUE]] = _TRUE
        return result

    def bindings(
        self, node: ConjunctionNode, domain: Domain, limit: Truths
    ) -> tuple[Truths, Mapping[str, Index]]:
        """Give the truth for each element, and the first of the bindings with that truth.

        Returns:
            The truth, and for each alias that is bound the row, or -1.
        """
        truth = self.conjunction(node, domain, limit)
        found = {level.alias: np.full(domain.size, VIRTUAL, np.int64) for level in node.levels}
        at = np.flatnonzero(truth)
        if not len(at) or not node.levels:
            return truth, found
        current, roots, known = domain.some(at), at, truth[at]
        for level in node.levels:
            current, parents, known = self.extended(level, current, known)
            roots = roots[parents]
        best = np.flatnonzero(known == truth[roots])
        _, first = np.unique(roots[best], return_index=True)
        chosen = best[first]
        for alias, rows in found.items():
            own = current.rows[alias]
            assert own is not None  # noqa: S101 - it was joined
            rows[roots[chosen]] = own[chosen]
        return truth, found

    # Values --------------------------------------------------------------------------------------

    def value(self, node: Node, domain: Domain) -> Column:
        """Give the value of an expression for each combination."""
        if isinstance(node, SlotNode):
            column = self.batch.tables[node.template].columns[node.slot]
            if column.type.kind in _TEXTS:
                self.comparer.keys(column)
            return column.take(domain.place(node.alias, node.template))
        if isinstance(node, Constant):
            assert node.type is not None  # noqa: S101 - a literal has a type
            key = (CASE, id(node))
            if key not in self._values:
                self._values[key] = constant(node.value, node.type, self.batch.pool)
            return self._values[key]
        if isinstance(node, MomentNode):
            return self.batch.as_of.take(domain.own_case)
        if isinstance(node, PairNode):
            return self._pair(node, domain)
        if node.ident < 0:
            return self._compute(node, domain)
        if not node.free:
            return self._known(node, CASE, whole_cases(self.batch)).take(domain.own_case)
        (alias,) = node.free
        template = domain.templates[alias]
        rows = domain.rows[alias]
        if rows is not None and len(rows) < _FEW * self.batch.tables[template].size:
            return self._compute(node, domain)
        return self._known(node, template, whole_table(self.batch, alias, template)).take(rows)

    def _known(self, node: Node, template: str, whole: Domain) -> Column:
        key = (template, node.ident)
        found = self._values.get(key)
        if found is None:
            found = self._compute(node, whole).spread(whole.size)
            self._values[key] = found
        return found

    def _compute(self, node: Node, domain: Domain) -> Column:
        if isinstance(node, ArithmeticNode):
            left, right = self.value(node.left, domain), self.value(node.right, domain)
            assert node.type is not None  # noqa: S101 - the loader found it
            return arithmetic(node.symbol, left, right, node.type)
        if isinstance(node, CallNode):
            values = [self.value(argument, domain) for argument in node.arguments]
            assert node.type is not None  # noqa: S101 - the loader found it
            return call(node.function, values, node.extra, node.type, self.batch.pool)
        assert isinstance(node, AggregateNode)  # noqa: S101 - there are no others
        return self._aggregate(node, domain)

    def _pair(self, node: PairNode, domain: Domain) -> Column:
        pairs = self.pairs(*node.templates)
        first, second = (
            domain.place(alias, template)
            for alias, template in zip(node.aliases, node.templates, strict=True)
        )
        mine = np.arange(domain.size) if first is None else first
        his = np.arange(domain.size) if second is None else second
        places = pairs.places(domain.cases(), mine, his)
        return self.pair_values[node.finding].take_first(places)

    def _aggregate(self, node: AggregateNode, domain: Domain) -> Column:
        wider, roots, truth = self.extended(node.level, domain, None)
        column = None
        if node.value is not None:
            column = self.value(node.value, wider).spread(wider.size)
            doubtful = self.relevance.get(node.value_slot)
            if doubtful is not None and isinstance(node.value, SlotNode):
                rows = wider.place(node.value.alias, node.value.template)
                perhaps = doubtful if rows is None else doubtful[rows]
                open_ = (column.tags() == 1) & (perhaps == 1)
                truth = np.where(open_, np.int8(1), truth)
        rows = wider.rows[node.level.alias]
        many = self.batch.tables[node.level.template].unseen[rows]
        assert node.type is not None  # noqa: S101 - the loader found it
        facts = Counted(roots, domain.size, truth, many)
        return aggregate(node, facts, column, self.comparer)


def _kept_pairs(pairs: Pairs, template: str, kept: Truths) -> Index:
    found = np.ones(pairs.size, np.bool_)
    for name, rows in zip(pairs.templates, (pairs.first, pairs.second), strict=True):
        if name == template:
            found &= kept[rows].astype(np.bool_)
    return np.flatnonzero(found)


def _combined(node: BranchNode, truths: Sequence[Truths]) -> Truths:
    condition = node.condition
    if isinstance(condition, Not | Each):
        return (_TRUE - truths[0]).astype(np.int8)
    if isinstance(condition, AtLeast):
        if condition.count <= 0:
            return np.full(len(truths[0]), _TRUE)
        if condition.count > len(truths):
            return np.zeros(len(truths[0]), np.int8)
        ordered = np.sort(np.stack(truths), axis=0)
        return ordered[len(truths) - condition.count]
    return np.maximum.reduce(truths)
