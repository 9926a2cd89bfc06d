"""Small faults for Python source: each mutant differs from the original at one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_NAMES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "TRUE": "UNKNOWN",
    "UNKNOWN": "FALSE",
    "FALSE": "UNKNOWN",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault.

    Attributes:
        line: Where.
        what: What is done, in words.
        node, choice: Which node of the tree it replaces, and by which of its faults.
    """

    line: int
    what: str
    node: int
    choice: int


def _faults(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Give what may stand in place of a node, with a word for each."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        kind = type(node.ops[0])
        if kind in _COMPARISONS:
            other = _COMPARISONS[kind]
            yield (
                f"operator flipped: {kind.__name__} to {other.__name__}",
                ast.Compare(node.left, [other()], node.comparators),
            )
    elif isinstance(node, ast.BoolOp):
        other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or exchanged", ast.BoolOp(other_op, node.values)
        yield "a part of and/or dropped", node.values[0]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "negation dropped", node.operand
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _NAMES:
        other_name = _NAMES[node.id]
        yield f"{node.id} taken for {other_name}", ast.Name(other_name, ast.Load())
    elif isinstance(node, ast.For):
        rest = ast.parse(f"list({ast.unparse(node.iter)})[1:]", mode="eval").body
        yield "the first of a loop skipped", ast.For(node.target, rest, node.body, node.orelse)
    elif isinstance(node, ast.IfExp):
        yield "branches exchanged", ast.IfExp(node.test, node.orelse, node.body)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old = old
        self.new = new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else super().generic_visit(node)


def mutants(source: str) -> list[Mutant]:
    """Give all mutants of the text of a module."""
    return [
        Mutant(getattr(node, "lineno", 0), what, number, choice)
        for number, node in enumerate(ast.walk(ast.parse(source)))
        for choice, (what, _) in enumerate(_faults(node))
    ]


def mutated(source: str, mutant: Mutant) -> str:
    """Give the text of a module with one fault; comments and layout are lost."""
    tree = ast.parse(source)
    old = list(ast.walk(tree))[mutant.node]
    new = list(_faults(old))[mutant.choice][1]
    return ast.unparse(ast.fix_missing_locations(_Replace(old, new).visit(tree)))
