"""The folded part of a page, for support staff: ids, scores, rules and sources as they are.

Only here may an id be shown; nothing here is needed to act on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simdiag.reporting.context import Context
from simdiag.reporting.view import Node, Support
from simdiag.reporting.wording import Json, clean


def support(context: Context, *, record: bool = True) -> Support:
    """Set out what the result holds, by id.

    Args:
        context: The result and what is needed to word it.
        record: Whether to add the record of the rules, the longest part by far.
    """
    groups = {
        "knowledge": _knowledge(context),
        "diagnoses": map(_diagnosis, context.list("diagnoses")),
        "actions": map(_action, context.list("actions")),
        "vetoes": map(_veto, context.list("vetoes")),
        "conflicts": map(_conflict, context.list("conflicts")),
        "missing": map(_missing, context.list("missing")),
        "warnings": map(_warning, context.list("warnings")),
        "record": map(_record, context.list("justifications") if record else ()),
        "sources": _sources(context),
    }
    nodes = {name: tuple(found) for name, found in groups.items()}
    return Support(
        tuple(
            (context.messages.get(f"report.support.{name}"), found)
            for name, found in nodes.items()
            if found
        )
    )


def _node(*words: object, parts: Iterable[Node] = (), link: str = "") -> Node:
    """Make an entry of the words that are not empty."""
    text = " · ".join(clean(str(word)) for word in words if word not in {None, ""})
    return Node(text, tuple(parts), link)


def _pairs(entry: Json, *names: str) -> Iterator[str]:
    """Iterate over ``name: value`` for the keys that have a value."""
    for name in names:
        value = entry.get(name)
        if isinstance(value, list | tuple) and value:
            yield f"{name}: {', '.join(_plain(item) for item in value)}"
        elif value not in (None, "", [], (), {}):
            yield f"{name}: {_plain(value)}"


def _plain(value: object) -> str:
    """Write a value of a result in one line, without words for persons."""
    match value:
        case {"slot": slot, "of": of}:
            return f"{slot} of {_plain(of)}" if of else str(slot)
        case {"template": template, "key": dict() as key}:
            inner = ", ".join(f"{name}={_plain(raw)}" for name, raw in key.items())
            return f"{template}({inner})"
        case dict():
            return ", ".join(f"{name}={_plain(raw)}" for name, raw in value.items())
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _lines(entry: Json, *names: str) -> Iterator[Node]:
    """Iterate over entries for the keys that have a value."""
    return (_node(line) for line in _pairs(entry, *names))


def _knowledge(context: Context) -> Iterator[Node]:
    """Say with which knowledge the result was made, and with which the page."""
    made = context.result.get("knowledge") or {}
    yield _node(made.get("id"), made.get("version"), made.get("hash"))
    if made.get("hash") not in {None, context.kb.hash}:
        yield _node("page:", context.kb.id, context.kb.version, context.kb.hash)


def _diagnosis(entry: Json) -> Node:
    """Set out one diagnosis."""
    words = (entry.get("ref"), entry["id"], entry["state"], *_pairs(entry, "score"))
    return _node(*words, parts=_lines(entry, "possible", "because", "about"))


def _action(entry: Json) -> Node:
    """Set out one action."""
    firm = "firm" if entry.get("firm") else "not firm"
    names = ("for", "because", "args", "about", "not_before", "not_after", "after")
    parts = _lines(entry, *names, "first_find_out", "ladder")
    return _node(entry["id"], entry.get("status"), firm, parts=parts)


def _veto(entry: Json) -> Node:
    """Set out one veto."""
    parts = _lines(entry, "forbids", "because", "about")
    return _node(entry["id"], entry.get("status"), parts=parts)


def _conflict(entry: Json) -> Node:
    """Set out one conflict."""
    return _node(entry.get("rule"), parts=_lines(entry, "facts"))


def _missing(entry: Json) -> Node:
    """Set out one missing slot."""
    return _node(
        _plain({"slot": entry["slot"], "of": entry.get("of")}), *_pairs(entry, "matters_for")
    )


def _warning(entry: Json) -> Node:
    """Set out one warning."""
    return _node(entry.get("code"), entry.get("text"))


def _record(entry: Json) -> Node:
    """Set out the record of one rule, with every condition."""
    words = (entry.get("rule"), entry.get("truth"), entry.get("weight"))
    heads = _lines(entry, "kind", "for", "about", "facts")
    return _node(*words, parts=(*heads, *map(_condition, entry.get("conditions") or ())))


def _condition(entry: Json) -> Node:
    """Set out one condition, with what it read."""
    reads = (_node(_reading(read)) for read in entry.get("reads") or ())
    parts = (*reads, *map(_condition, entry.get("parts") or ()))
    return _node(entry.get("truth"), entry.get("text") or entry.get("kind"), parts=parts)


def _reading(read: Json) -> str:
    """Write one value that was read."""
    value = "?" if read.get("value") is None else _plain(read["value"])
    fact = read.get("fact")
    return f"{_plain(fact)}: {read['slot']} = {value}" if fact else f"{read['slot']} = {value}"


def _sources(context: Context) -> Iterator[Node]:
    """Give the sources of the diagnoses that count, each once, with its address."""
    states = {"established", "suggested"}
    known = [
        context.kb.diagnoses.get(e["id"]) for e in context.list("diagnoses") if e["state"] in states
    ]
    keys = dict.fromkeys(key for diagnosis in known if diagnosis for key in diagnosis.sources)
    for key in keys:
        source = context.kb.sources.get(key)
        url = source.url if source else ""
        yield _node(key, source.note if source else "", link=url if _is_web(url) else "")


def _is_web(url: str) -> bool:
    """Whether an address may become a link: a knowledge package must not bring a script."""
    return url.startswith(("https://", "http://"))
