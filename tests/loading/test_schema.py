from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from simdiag.api import load_knowledge
from simdiag.errors import Problems
from simdiag.loading.keys import TABLES, read_keys
from simdiag.loading.package import shipped_package
from simdiag.loading.schema import FILES, facts_schema, package_schema
from simdiag.loading.tree import parse_yaml

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = {
    "terms": "terms",
    "data": "data",
    "findings": "findings",
    "actions": "actions",
    "locale": "locale",
    "scenarios": "scenarios",
    "diagnoses": "diagnosis",
}


def violations(value: object, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[str]:
    """Validate by the keywords that our schemas use; any other keyword fails the test."""
    unknown = set(schema) - KEYWORDS
    assert not unknown, unknown
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield from violations(value, root["$defs"][name], root)
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is none of {schema['enum']}"
    if "type" in schema and not is_type(value, schema["type"]):
        yield f"{value!r} is no {schema['type']}"
    if "anyOf" in schema and all(list(violations(value, one, root)) for one in schema["anyOf"]):
        yield f"{value!r} fits nothing of {schema['anyOf']}"
    if isinstance(value, dict):
        yield from keys_wrong(value, schema, root)
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from violations(item, schema["items"], root)


KEYWORDS = {
    "$schema", "$ref", "$defs", "title", "description", "enum", "type", "anyOf",
    "properties", "required", "additionalProperties", "items",
}  # fmt: skip


def keys_wrong(
    value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any]
) -> Iterator[str]:
    """Validate the keys of a mapping."""
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    yield from (f"{key} is missing" for key in schema.get("required", ()) if key not in value)
    for key, item in value.items():
        if key in properties:
            yield from violations(item, properties[key], root)
        elif others is False:
            yield f"{key} is unknown"
        elif isinstance(others, dict):
            yield from violations(item, others, root)


def is_type(value: object, wanted: str | list[str]) -> bool:
    """Say whether a value is of a type of JSON."""
    types: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "string": str,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    return any(
        isinstance(value, types[one]) for one in ([wanted] if isinstance(wanted, str) else wanted)
    )


def document(path: Path) -> object:
    """Read a file as an editor does that asks a schema; dates are texts there."""

    class Loader(yaml.SafeLoader):
        """A loader without dates, which JSON does not have."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - as in the class above it
            sign: [each for each in resolvers if not each[0].endswith("timestamp")]
            for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    return yaml.load(path.read_text("utf-8"), Loader)  # noqa: S506 - a safe loader


def kind_of(path: Path) -> str:
    """Give the kind of a file of the shipped package."""
    inner = path.relative_to(shipped_package())
    if path.name.endswith(".test.yaml"):
        return "scenarios"
    return FOLDERS[inner.parts[0]] if len(inner.parts) > 1 else path.stem


@pytest.mark.parametrize("kind", FILES)
def test_shipped_files_fit(kind: str) -> None:
    """The schema of each kind accepts every shipped file of that kind."""
    schema = package_schema(kind)
    files = [path for path in sorted(shipped_package().rglob("*.yaml")) if kind_of(path) == kind]
    found = {str(path): list(violations(document(path), schema, schema)) for path in files}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert files


def test_facts_files_fit() -> None:
    """The schema of facts accepts every example."""
    schema = facts_schema(load_knowledge(languages=()))
    files = [path for path in sorted(EXAMPLES.rglob("*.yaml")) if path.name[0].isdigit()]
    found = {str(path): list(violations(document(path), schema, schema)) for path in files}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert files


@pytest.mark.parametrize(
    "facts",
    [
        {"atempt": []},
        {"attempt": [{"payment_stat": "captured"}]},
        {"attempt": {"payment_state": "captured"}},
        {"problem": [{"kind": "topup_failed"}]},
        {"cases": [], "attempt": []},
        {"open": ["problem"]},
        {"attempt": [{"amount": {"value": 10}}]},
    ],
)
def test_wrong_facts_do_not_fit(facts: dict[str, Any]) -> None:
    """The schema of facts refuses unknown names, lists for single facts and mappings for values."""
    schema = facts_schema(load_knowledge(languages=()))
    assert list(violations(facts, schema, schema))


@pytest.mark.parametrize("table", TABLES)
def test_schema_agrees_with_the_loader(table: str) -> None:
    """Schema and loader ask for the same keys and refuse the same keys, table by table."""
    root = package_schema("package")
    schema = root["$defs"][table.replace(" ", "-")]
    waiting = {name for name, key in TABLES[table].items() if key.waits}
    assert set(schema["properties"]) == set(TABLES[table]) - waiting
    problems = Problems()
    read_keys(parse_yaml("{zzz: 1}", "x", problems)[0], table, problems)
    lacking = {str(p.message).split("`")[1] for p in problems if p.code == "missing-key"}
    assert lacking == set(schema["required"])
    assert "unknown-key" in {problem.code for problem in problems}
    assert "zzz is unknown" in list(keys_wrong({"zzz": 1}, schema, root))


def test_every_table_is_reachable() -> None:
    """From the kinds of files the schema reaches every table, so that none is forgotten."""

    def reached(schema: object) -> Iterator[str]:
        if isinstance(schema, dict):
            if "$ref" in schema:
                yield schema["$ref"]
            for value in schema.values():
                yield from reached(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from reached(value)

    tables = {f"#/$defs/{table.replace(' ', '-')}" for table in TABLES}
    unused = tables - set(reached(package_schema("package")["$defs"]))
    tops = {f"#/$defs/{table.replace(' ', '-')}" for table in FILES.values()}
    # The rows of reference data have slots of their own; their cells are read by the loader alone.
    assert unused - tops == {"#/$defs/cell"}
