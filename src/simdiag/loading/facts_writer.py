"""Facts to a facts file that the reader takes as it is: YAML whose every doubtful word is quoted.

Nothing of it needs a YAML library: strings are written as JSON, which YAML reads the same way.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from simdiag.loading.cases import NONE_WORD
from simdiag.loading.scalars import write_value
from simdiag.model.cases import FactList, GivenFact
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.terms import Cardinality, Template
from simdiag.model.values import Interval, Kind, SlotType

PlainFacts: TypeAlias = dict[str, Any]

_BARE: Final = re.compile(r"[a-z][a-z0-9_]*|\d{4}-\d\d-\d\d(?: \d\d:\d\d)?")
# Words that YAML, or a facts file, does not read as themselves; `true` and `false` are meant so.
_RESERVED: Final = frozenset({"yes", "no", "on", "off", "y", "n", "null", "unknown", "none"})
_PRIVATE: Final = 0o600


def plain_facts(
    case_id: str, as_of: Interval, sheets: Mapping[str, FactList], base: KnowledgeBase
) -> PlainFacts:
    """Give facts as a facts file holds them, in the order of the knowledge base.

    Args:
        case_id: Id of the case.
        as_of: The moment for which it is judged.
        sheets: The facts by template; lists that are still open are named under ``open``.
        base: The knowledge base.

    Returns:
        A mapping of texts, lists and mappings only.
    """
    found: PlainFacts = {
        "case": case_id,
        "as_of": write_value(as_of, SlotType(Kind.DATETIME)),
    }
    given = {name: sheet for name, sheet in sheets.items() if sheet.facts or not sheet.open}
    still_open = [name for name in _names(base) if name in given and given[name].open]
    if still_open:
        found["open"] = still_open
    for name in _names(base):
        if name in given:
            found[name] = _plain_sheet(given[name], base.templates[name])
    return found


def _names(base: KnowledgeBase) -> list[str]:
    """Give the templates in the order in which they are asked, the others after them."""
    asked = [name.partition(".")[0] for name in base.question_order]
    return list(dict.fromkeys([*asked, *(template.name for template in base.fact_templates())]))


def _plain_sheet(sheet: FactList, template: Template) -> Any:  # noqa: ANN401 - text, list, mapping
    facts = [_plain_fact(fact, template) for fact in sheet.facts]
    if not facts:
        return NONE_WORD
    return facts[0] if template.cardinality is Cardinality.ONE else facts


def _plain_fact(fact: GivenFact, template: Template) -> dict[str, Any]:
    """Write the slots of a fact; what was typed, where it is kept, rather than what it means."""
    found: dict[str, Any] = {}
    for name, slot in template.slots.items():
        if name not in fact.slots:
            continue
        value = fact.slots[name]
        if isinstance(value, frozenset):
            found[name] = sorted(value)
        elif isinstance(value, bool):
            found[name] = "true" if value else "false"
        else:
            found[name] = fact.written.get(name) or write_value(value, slot.type)
    return found


# YAML ---------------------------------------------------------------------------------------------


def facts_yaml(facts: PlainFacts, notes: Iterable[str] = ()) -> str:
    """Write facts as YAML.

    Args:
        facts: As :func:`plain_facts` gives them.
        notes: Lines to put before them as comments.
    """
    lines = [f"# {_one_line(note)}".rstrip() for note in notes]
    for key, value in facts.items():
        lines.extend(_entry(key, value, ""))
    return "\n".join(lines) + "\n"


def _entry(key: str, value: Any, indent: str) -> list[str]:  # noqa: ANN401 - as above
    if isinstance(value, dict) and value:
        inner = [_entry(name, each, f"{indent}  ") for name, each in value.items()]
        return [f"{indent}{key}:", *(line for lines in inner for line in lines)]
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return [f"{indent}{key}:", *(line for each in value for line in _item(each, indent))]
    return [f"{indent}{key}: {_flow(value)}"]


def _item(fact: dict[str, Any], indent: str) -> list[str]:
    if not fact:
        return [f"{indent}  - {{}}"]
    lines = [line for name, each in fact.items() for line in _entry(name, each, f"{indent}    ")]
    return [f"{indent}  - {lines[0].lstrip()}", *lines[1:]]


def _flow(value: Any) -> str:  # noqa: ANN401 - as above
    if isinstance(value, list):
        return f"[{', '.join(_flow(each) for each in value)}]"
    if isinstance(value, dict):
        return "{}"
    text = str(value)
    if text == NONE_WORD or (_BARE.fullmatch(text) and text not in _RESERVED):
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    """Write a text as a JSON string; what YAML does not allow to stand there itself is escaped."""
    return "".join(
        sign if sign.isascii() or sign.isprintable() else json.dumps(sign)[1:-1]
        for sign in json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    )


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


# Files --------------------------------------------------------------------------------------------


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read: beside it first, renamed when it is whole.

    Raises:
        OSError: It cannot be written; what was there before stays as it was.
    """
    with _beside(path, text) as made:
        made.replace(path)


def write_new(path: Path, text: str) -> None:
    """Write a file that only its owner may read, never over another.

    Raises:
        FileExistsError: There is a file of that name.
        OSError: It cannot be written.
    """
    with _beside(path, text) as made:
        try:
            os.link(made, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: take the name first, then fill it
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))
            made.replace(path)


def write_free(path: Path, text: str) -> Path:
    """Write a new file under a name, or the first free one of ``name-2``, ``name-3`` and so on.

    Returns:
        The name under which it was written.

    Raises:
        OSError: It cannot be written.
    """
    number, free = 1, path
    while True:
        try:
            write_new(free, text)
        except FileExistsError:
            number += 1
            free = path.with_stem(f"{path.stem}-{number}")
        else:
            return free


@contextlib.contextmanager
def _beside(path: Path, text: str) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)
