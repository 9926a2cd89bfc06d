"""What ``simdiag explain`` proposes and compares, as text: changes of facts, and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from simdiag.i18n import Messages
from simdiag.model.knowledge import KnowledgeBase
from simdiag.model.values import Kind, SlotType
from simdiag.reporting.wording import Json, Wording, capital, clean

_STEP: Final = "  "
_NO_MORE: Final = "no more"
_PARTS: Final = ("diagnoses", "actions", "vetoes", "conflicts")
_STATUS: Final = {"actions": "explain.action_", "vetoes": "explain.veto_"}


def change_text(change: Json, kb: KnowledgeBase, messages: Messages) -> str:
    """Write the smallest change that would bring about a diagnosis.

    Args:
        change: As :mod:`simdiag.reasoning.whynot` gives it.
        kb: The knowledge base.
        messages: The language.

    Returns:
        What was looked for in vain, then the change; that the state is reached already if nothing
        was looked for.
    """
    return "\n".join(_change_lines(change, Wording(kb, messages, change), messages))


def _change_lines(change: Json, words: Wording, messages: Messages) -> Iterator[str]:
    searched = list(change["searched"])
    if not searched:
        yield messages.get("explain.change.there", state=messages.get("state.established"))
    for each in searched[:-1] if change["changes"] else searched:
        key = "explain.change.none" if each["complete"] else "explain.change.bound"
        state = messages.get(f"state.{each['state']}")
        yield messages.get(key, state=state, slots=each["slots"])
    if change["changes"]:
        yield messages.get("explain.change.head", state=messages.get(f"state.{change['state']}"))
    for each in change["changes"]:
        yield f"{_STEP}- {_one_change(each, words, messages)}"


def open_text(missing: Sequence[Json], kb: KnowledgeBase, messages: Messages) -> str:
    """Write what is not known and could change a conclusion.

    Args:
        missing: Entries of ``missing`` of a result, in the order in which they are told.
        kb: The knowledge base.
        messages: The language.
    """
    words = Wording(kb, messages, {"missing": missing})
    lines = []
    for each in missing:
        question, fact = words.question(str(each["slot"])), words.fact(each["of"])
        lines.append(f"{_STEP}- {question} ({fact})" if fact else f"{_STEP}- {question}")
    return "\n".join([messages.get("explain.change.open"), *dict.fromkeys(lines)])


def _one_change(change: Json, words: Wording, messages: Messages) -> str:
    slot, fact = str(change["slot"]), words.fact(change["fact"])
    if change["to"] == _NO_MORE and "." not in slot:
        return messages.get("explain.change.no_more", name=words.template(slot))
    name, value = words.slot(slot) or slot, words.value(slot, change["to"])
    if change["added"]:
        whole = f"{words.template(slot.partition('.')[0])} · {name}"
        return messages.get("explain.change.added", name=whole, to=value)
    key = "explain.change.slot_of" if fact else "explain.change.slot"
    now = words.value(slot, change["from"]) or messages.get("explain.unknown")
    return messages.get(key, name=name, fact=fact, to=value, now=now)


def difference_text(found: Json, kb: KnowledgeBase, messages: Messages) -> str:
    """Write the difference between two results.

    Args:
        found: As :func:`simdiag.reasoning.whatif.difference` gives it.
        kb: The knowledge base.
        messages: The language.
    """
    words = Wording(kb, messages, found)
    lines: list[str] = []
    for part in _PARTS:
        entries = [line for each in found[part] for line in _entry(part, each, words, messages)]
        if entries:
            lines += ["", messages.get(f"explain.what_if.{part}"), *entries]
    return "\n".join(lines[1:]) or messages.get("explain.what_if.same")


def _entry(part: str, entry: Json, words: Wording, messages: Messages) -> Iterator[str]:
    if part == "diagnoses":
        yield f"{_STEP}{_diagnosis(entry, messages)}"
        return
    about = words.fact(entry["about"])
    title = clean(str(entry["title"])) + (f" ({about})" if about else "")
    yield _STEP + messages.get(f"explain.what_if.{entry['change']}", title=title)
    if entry["change"] == "changed":
        for line in _details(part, entry, words, messages):
            yield f"{_STEP * 2}{line}"


def _diagnosis(entry: Json, messages: Messages) -> str:
    """Write what changed of a diagnosis: the state, else the range, else only the score."""
    old, new, title = entry["before"], entry["after"], clean(str(entry["title"]))
    before, after = (messages.get(f"state.{each['state']}") for each in (old, new))
    if before != after:
        return messages.get("explain.what_if.state", title=title, before=before, after=after)
    if old["possible"] == new["possible"]:
        return messages.get(
            "explain.what_if.score",
            title=title,
            state=after,
            before=old["score"],
            after=new["score"],
        )
    low, high, old_low, old_high = (
        messages.get(f"state.{word}") for word in (*new["possible"], *old["possible"])
    )
    return messages.get(
        "explain.what_if.possible",
        title=title,
        state=after,
        low=low,
        high=high,
        old_low=old_low,
        old_high=old_high,
    )


def _details(part: str, entry: Json, words: Wording, messages: Messages) -> Iterator[str]:
    """Write what changed of an action or veto."""
    old, new = entry["before"], entry["after"]
    if old["status"] != new["status"]:
        before, after = (messages.get(_STATUS[part] + each["status"]) for each in (old, new))
        yield messages.get("explain.what_if.status", before=before, after=after)
    for name in ("not_before", "not_after"):
        if old.get(name) != new.get(name):
            before, after = (_date(each[name], words, messages) for each in (old, new))
            yield messages.get(f"explain.what_if.{name}", before=before, after=after)
    arguments = (old.get("args", {}), new.get("args", {}))
    types = words.kb.actions[entry["id"]].arguments if part == "actions" else {}
    for name in sorted({*arguments[0], *arguments[1]}):
        if arguments[0].get(name) != arguments[1].get(name):
            before, after = (
                _value(each.get(name), types[name], words, messages) for each in arguments
            )
            title = _argument(str(entry["id"]), name, words, messages)
            yield messages.get("explain.what_if.argument", name=title, before=before, after=after)


def _argument(action: str, name: str, words: Wording, messages: Messages) -> str:
    key = f"argument.{name}"
    other = messages.get(key if key in messages else "argument.other")
    return capital(words.text(f"action:{action}/arg.{name}", other))


def _date(raw: object, words: Wording, messages: Messages) -> str:
    if raw is None:
        return messages.get("explain.what_if.no_date")
    kind = Kind.DATETIME if "T" in str(raw) else Kind.DATE
    return words.written(raw, SlotType(kind))


def _value(raw: object, kind: SlotType, words: Wording, messages: Messages) -> str:
    return messages.get("explain.unknown") if raw is None else words.written(raw, kind)
