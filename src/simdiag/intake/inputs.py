"""Inputs of every kind to cases, told apart by the suffix of their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Final

from simdiag.errors import Problems, UsageError
from simdiag.intake.binding import check_map
from simdiag.intake.columnmap import ColumnMap, read_column_map
from simdiag.intake.documents import LINED, read_documents, read_lines
from simdiag.intake.entries import Entry, refuse_repeated
from simdiag.intake.sheets import CASE_SHEETS, Sheets, read_rows, template_of
from simdiag.intake.tables import Table, read_table
from simdiag.loading.cases import FactReader

TABLES: Final = frozenset({".csv", ".tsv"})
PARQUET: Final = ".parquet"
DOCUMENTS: Final = frozenset({".yaml", ".yml", ".json", ""})
_LATER: Final = {
    ".xlsx": "not built yet: Excel workbooks; save the sheet as CSV (UTF-8)",
    ".xls": "not built yet: Excel workbooks; save the sheet as CSV (UTF-8)",
    ".ods": "not built yet: workbooks; save the sheet as CSV (UTF-8)",
    ".xml": "not built yet: XML bills and bank statements",
}


def read_inputs(
    inputs: Mapping[str, bytes | None], reader: FactReader, map_file: Path | None = None
) -> Iterator[Entry]:
    """Read the cases of some inputs.

    Args:
        inputs: Name of each input, with its bytes if they are not to be read from the file of that
            name. A name without a suffix is taken for YAML.
        reader: Reads the facts.
        map_file: What the columns of tables mean.

    Returns:
        Every case in the order of the inputs, and what stands in the place of one; a case whose id
        was there before cannot be used.

    Raises:
        UsageError: An input cannot be opened, or is of a kind that cannot be read.
        InvalidInput: The column map is wrong.
    """
    for name in inputs:
        _check_kind(name)
    data = {name: read_file(name) if given is None else given for name, given in inputs.items()}
    return refuse_repeated(_read(data, reader, map_file))


def _check_kind(name: str) -> None:
    suffix = PurePath(name).suffix.lower()
    if suffix in _LATER:
        raise UsageError(f"{name}: {_LATER[suffix]}")
    kinds = TABLES | DOCUMENTS | LINED | {PARQUET}
    if suffix not in kinds:
        known = ", ".join(sorted(kinds - {""}))
        raise UsageError(f"{name}: files of facts end in one of {known}")


def read_file(name: str | Path) -> bytes:
    """Read a file.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error


def _read(data: Mapping[str, bytes], reader: FactReader, map_file: Path | None) -> Iterator[Entry]:
    column_map = load_map(map_file, reader)
    tables = {
        name: read_table(content, name, column_map.encoding)
        for name, content in data.items()
        if PurePath(name).suffix.lower() in TABLES
    }
    sheets = _sheets(tables, column_map, reader)
    _check_columns(column_map, list(tables.values()))
    for name, content in data.items():
        suffix = PurePath(name).suffix.lower()
        if name in sheets:
            if name == next(iter(sheets)):
                yield from Sheets(column_map, reader).entries(list(sheets.values()))
        elif suffix in TABLES:
            yield from read_rows(tables[name], column_map, reader)
        elif suffix in LINED:
            yield from read_lines(content, name, reader)
        elif suffix == PARQUET:
            yield from read_lines(_parquet_lines(content, name, reader), name, reader)
        else:
            yield from read_documents(content, name, reader)


def _parquet_lines(content: bytes, name: str, reader: FactReader) -> bytes:
    # Its libraries take a while to import, and few inputs are tables of this kind.
    from simdiag.engines.columnar.files import as_lines  # noqa: PLC0415 - see above

    return as_lines(content, name, reader.base)


def load_map(map_file: Path | None, reader: FactReader) -> ColumnMap:
    """Load a column map, an empty one if there is no file.

    Raises:
        InvalidInput: With everything that is wrong in it.
        UsageError: It cannot be read.
    """
    if map_file is None:
        return ColumnMap()
    problems = Problems()
    found = read_column_map(read_file(map_file), str(map_file), reader, problems)
    problems.raise_if_any()
    return found


def _check_columns(column_map: ColumnMap, tables: list[Table]) -> None:
    problems = Problems()
    if any(table.columns for table in tables):
        check_map(column_map, tables, problems)
    problems.raise_if_any()


def _sheets(
    tables: Mapping[str, Table], column_map: ColumnMap, reader: FactReader
) -> dict[str, tuple[Table, str]]:
    """Tell which tables are sheets of templates; the sheet of cases only counts beside others."""
    found = {}
    for name, table in tables.items():
        template = template_of(table, column_map, reader)
        if template:
            found[name] = (table, template)
    if not found:
        return {}
    cases = {
        name: (table, "") for name, table in tables.items() if PurePath(name).stem in CASE_SHEETS
    }
    return {name: (cases | found)[name] for name in tables if name in cases or name in found}
