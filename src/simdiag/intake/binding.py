"""What each column of a table is: a slot, the case id, or something to pass through."""

from __future__ import annotations

from dataclasses import dataclass, field

from simdiag.errors import Problems, did_you_mean
from simdiag.intake.columnmap import ColumnMap, Target, parse_target
from simdiag.intake.tables import Table
from simdiag.loading.cases import RESERVED_KEYS, FactReader


@dataclass(slots=True)
class Binding:
    """The columns of a table.

    Attributes:
        targets: Column to where its cells go.
        passed: Columns that are passed through, in order.
    """

    targets: dict[str, tuple[Target, ...]] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)

    @property
    def slots(self) -> bool:
        """Whether any column gives a slot."""
        return any(target.slot for targets in self.targets.values() for target in targets)

    def column_of(self, word: str) -> str | None:
        """Give the column of ``case``, ``as_of`` or ``open``."""
        wanted = Target(word)
        return next((name for name, targets in self.targets.items() if wanted in targets), None)


def bind(table: Table, column_map: ColumnMap, reader: FactReader, template: str = "") -> Binding:
    """Find out what the columns of a table are, noting in the table what is wrong.

    Args:
        table: The table.
        column_map: What the map says of them.
        reader: Knows the terms.
        template: The template of whose facts this is the table: its slots are named without it.
    """
    binding = Binding()
    for column in table.columns:
        targets = _targets(column, table, column_map, reader, template)
        if targets:
            binding.targets[column] = targets
        else:
            binding.passed.append(column)
    _refuse_twice(binding, table)
    return binding


def _targets(
    column: str, table: Table, column_map: ColumnMap, reader: FactReader, template: str
) -> tuple[Target, ...]:
    if column in column_map.columns:
        return column_map.columns[column]
    word = column.casefold() if column.casefold() in RESERVED_KEYS else column
    if template and word not in RESERVED_KEYS and "." not in word:
        word = f"{template}.{word}"
    found = parse_target(word, reader)
    if isinstance(found, Target):
        return (found,)
    message, _, advice = found.partition("\n")
    if template or _meant_as_slot(column, reader):
        send = "or send it to `null` in a map"
        help_text = f"{advice} {send}" if advice else send
        table.problems.add(table.header(column), "unknown-slot", message, help_text)
    return ()


def _meant_as_slot(column: str, reader: FactReader) -> bool:
    """Say whether a column name was most probably meant as ``template.slot``."""
    template, dot, slot = column.partition(".")
    template = template.partition("[")[0]
    if not dot or not slot.strip() or " " in column:
        return False
    return template in reader.templates or "did you mean" in did_you_mean(
        template, reader.templates
    )


def _refuse_twice(binding: Binding, table: Table) -> None:
    taken: dict[Target, str] = {}
    for column, targets in binding.targets.items():
        for target in targets:
            if target in taken:
                found = f"`{target}` is given by two columns"
                advice = f"the other one is `{taken[target]}`; keep one"
                table.problems.add(table.header(column), "duplicate-target", found, advice)
            taken[target] = column


def check_map(column_map: ColumnMap, tables: list[Table], problems: Problems) -> None:
    """Note the columns that a map names and no table has."""
    known = [column for table in tables for column in table.columns]
    for column, place in column_map.places.items():
        if column not in known:
            found = f"no table has the column `{column}`"
            problems.add(place, "unknown-column", found, did_you_mean(column, known))
