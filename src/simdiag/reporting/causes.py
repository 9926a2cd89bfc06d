"""Two parts of a page: why, with the facts used; how sure, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from simdiag.model.assessment import State
from simdiag.model.knowledge import EXCLUDES
from simdiag.reporting.context import MAX_NEAR, TRUE, Context, rank, span_of
from simdiag.reporting.view import Cause, Certainty, FactUsed, Field, Reason, Short
from simdiag.reporting.wording import Json, capital, unique

_MAX_VALUES: Final = 8  # beside one reason; the folded part has them all
_MAX_DEPTH: Final = 3  # of findings that build on findings
_MAX_QUESTIONS: Final = 3
_MAX_TITLES: Final = 6  # of other such causes
_MAX_RULED_OUT: Final = 8


def causes(context: Context) -> tuple[Cause, ...]:
    """Give the diagnoses that are established or suggested, with their reasons."""
    return tuple(_cause(context, entry) for entry in _probable(context))


def ruled_out(context: Context) -> tuple[tuple[Reason, ...], str]:
    """Give the diagnoses that nothing can bring back, with reasons, and how many more there are."""
    found = [
        entry
        for entry in context.list("diagnoses")
        if entry["state"] == State.EXCLUDED.word and span_of(entry)[1] == State.EXCLUDED
    ]
    shown = context.short([context.title("", entry) for entry in found], _MAX_RULED_OUT)
    reasons = tuple(
        Reason(title, _texts_as_facts(context, entry))
        for title, entry in zip(shown.entries, found, strict=False)
    )
    return reasons, shown.more


def certainties(context: Context) -> tuple[Certainty, ...]:
    """Say how sure each probable diagnosis is."""
    return tuple(_certainty(context, entry) for entry in _probable(context))


def still_possible(context: Context) -> tuple[tuple[Certainty, ...], Short]:
    """Give the diagnoses that unknown facts may still bring: a few in full, others by title."""
    entries = context.possible
    # What a cause cannot be told apart from matters once it is probable.
    shown = tuple(replace(_certainty(context, entry), limits="") for entry in entries[:MAX_NEAR])
    titles = [context.title("", entry) for entry in entries[MAX_NEAR:]]
    return shown, context.short(titles, _MAX_TITLES)


def deciding_questions(context: Context) -> tuple[str, ...]:
    """Give the questions whose answers would decide most."""
    return unique(context.wording.question(str(slot)) for slot in context.list("decide_most"))


def _probable(context: Context) -> Iterator[Json]:
    """Iterate over the diagnoses that are at least suggested."""
    return (e for e in context.list("diagnoses") if rank(e["state"]) >= State.SUGGESTED)


# --- why ---


def _cause(context: Context, entry: Json) -> Cause:
    """Say one diagnosis and what speaks for and against it."""
    ident = str(entry["id"])
    rules = list(entry.get("because") or ())
    against = [rule for rule in rules if _weighs_against(context, rule)]
    return Cause(
        title=context.title("", entry),
        summary=context.wording.text(f"{ident}/summary"),
        state=context.messages.get(f"state.{entry['state']}"),
        rank=rank(entry["state"]),
        about=context.wording.facts(entry.get("about") or ()),
        speaks_for=_reasons(context, entry, [rule for rule in rules if rule not in against]),
        speaks_against=_reasons(context, entry, against),
    )


def _weighs_against(context: Context, rule: str) -> bool:
    """Whether a rule rates its diagnosis down."""
    known = context.kb.rules.get(rule)
    if known is None:
        return False
    return known.weight == EXCLUDES or context.kb.weights.get(known.weight, 0) < 0


def _reasons(context: Context, entry: Json, rules: Sequence[str]) -> tuple[Reason, ...]:
    """Give the sentences of true rules, with the facts that the record holds."""
    read: dict[str, list[Json]] = {text: [] for text in context.rule_texts(rules)}
    for record in context.records("rate", str(entry["id"]), entry.get("about") or ()):
        text = context.wording.rule(str(record["rule"]))
        if text in read:
            read[text].extend(_readings(context, record, _MAX_DEPTH))
    return tuple(_reason(context, text, readings) for text, readings in read.items())


def _reason(context: Context, text: str, readings: Iterable[Json]) -> Reason:
    """Put the values that a rule read beside its sentence, fact by fact."""
    wording = context.wording
    by_fact: dict[str, dict[str, str]] = {}
    for reading in readings:
        slot, finding = str(reading["slot"]), bool(reading.get("finding"))
        name = wording.slot(slot, finding=finding)
        value = wording.value(slot, reading.get("value"), finding=finding)
        if name and value:
            by_fact.setdefault(wording.fact(reading.get("fact")), {}).setdefault(name, value)
    count = sum(len(values) for values in by_fact.values())
    more = count - _MAX_VALUES
    return Reason(
        text,
        tuple(_shortened(by_fact)),
        context.messages.count("report.why.more_facts", more) if more > 0 else "",
    )


def _shortened(by_fact: dict[str, dict[str, str]]) -> Iterator[FactUsed]:
    """Give the first values only; a rule that sums forty lines has read all of them."""
    left = _MAX_VALUES
    for label, values in by_fact.items():
        kept = tuple(Field(name, value) for name, value in values.items())[:left]
        left -= len(kept)
        if kept:
            yield FactUsed(label, kept)


def _readings(context: Context, record: Json, depth: int) -> Iterator[Json]:
    """Iterate over the known values that a rule read, those behind its findings included."""
    for condition in record.get("conditions") or ():
        for reading in _reads(condition):
            yield reading
            if reading.get("finding") and depth:
                about = [reading["fact"]] if reading.get("fact") else []
                for below in context.records(
                    "derive", context.wording.finding(str(reading["slot"])), about
                ):
                    yield from _readings(context, below, depth - 1)


def _reads(condition: Json) -> Iterator[Json]:
    """Iterate over the known values that a condition read, without those that did not count."""
    yield from (read for read in condition.get("reads") or () if read.get("value") is not None)
    chosen = condition.get("kind") in {"any", "at_least"}
    for part in condition.get("parts") or ():
        if not chosen or part.get("truth") == TRUE:
            yield from _reads(part)


def _texts_as_facts(context: Context, entry: Json) -> tuple[FactUsed, ...]:
    """Give why a diagnosis is excluded: the sentences of the rules against it."""
    rules = [rule for rule in entry.get("because") or () if _weighs_against(context, rule)]
    return tuple(FactUsed(text, ()) for text in context.rule_texts(rules))


# --- how sure ---


def _certainty(context: Context, entry: Json) -> Certainty:
    """Say the state and range of one diagnosis, and what would move it."""
    get = context.messages.get
    low, high = span_of(entry)
    now, title = get(f"state.{entry['state']}"), context.title("", entry)
    words = [get(f"state.{State(place).word}") for place in range(low, high + 1)]
    others = [word for word in words if word != now]
    span = words[0] if low == high else get("report.sure.range_many", low=words[0], high=words[-1])
    moves = context.messages.join(others, either=True)
    still = get("report.sure.moves", states=moves) if others else get("report.sure.fixed")
    return Certainty(
        title=title,
        rank=rank(entry["state"]),
        low=low,
        high=high,
        status=get("report.sure.status", state=now, still=still),
        label=get("report.sure.bar", title=title, state=now, range=span),
        questions=_questions_for(context, str(entry["id"])) if low < high else (),
        limits=capital(context.wording.text(f"{entry['id']}/limitations")),
    )


def _questions_for(context: Context, diagnosis: str) -> tuple[str, ...]:
    """Give the unknown facts that matter for a diagnosis, those that decide most first."""
    first = {str(slot): place for place, slot in enumerate(context.list("decide_most"))}
    slots = [
        str(entry["slot"])
        for entry in context.list("missing")
        if diagnosis in (entry.get("matters_for") or ())
    ]
    slots.sort(key=lambda slot: first.get(slot, len(first)))
    return unique(context.wording.question(slot) for slot in slots)[:_MAX_QUESTIONS]
