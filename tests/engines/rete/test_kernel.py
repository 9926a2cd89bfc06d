"""Engines are built from a list of rules and guard against what experta does not."""

# ruff: noqa: ANN401 - what comes from experta has no types

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from simdiag.engines.rete.guard import load_experta
from simdiag.engines.rete.kernel import (
    Engine,
    EngineMisused,
    RuleSpec,
    StepBudgetExceeded,
    build_engine,
)
from simdiag.engines.rete.plan import UnsafeRule
from simdiag.errors import EngineFailure

experta: Any = load_experta()
AS, MATCH, NOT, TEST = experta.AS, experta.MATCH, experta.NOT, experta.TEST
Line: Any = type("Line", (experta.Fact,), {})
Marker: Any = type("Marker", (experta.Fact,), {})


def nothing(_engine: Any, **_bindings: Any) -> None:
    """Be a right-hand side that does nothing."""


def run(engine: Engine, *facts: Any) -> None:
    """Run a fresh working memory."""
    engine.reset()
    engine.declare_all(facts)
    engine.run()


def recorded(rules: dict[str, list[Any]], **settings: Any) -> tuple[type[Engine], list[Any]]:
    """Build an engine whose rules record their name and bindings."""
    fired: list[Any] = []

    def recorder(name: str) -> Callable[..., None]:
        return lambda _engine, **bindings: fired.append((name, bindings))

    specs = [RuleSpec(name, rules[name], recorder(name)) for name in rules]
    return build_engine("Made", specs, **settings), fired


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_right_hand_side_gets_facts_and_variables() -> None:
    """A right-hand side gets every captured fact and every bound variable by its name."""
    conditions = [AS.line << Line(kind="data", cents=MATCH.cents), TEST(lambda line: line["n"] > 1)]
    made, fired = recorded({"any text: a-b.c": conditions})
    engine = made()
    line = Line(kind="data", cents=250, n=2)
    run(engine, line, Line(kind="data", cents=9, n=1), Line(kind="voice", cents=7, n=2))
    assert fired == [("any text: a-b.c", {"line": line, "cents": 250})]
    assert fired[0][1]["line"] is line


def test_experta_decides_every_firing(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the run of experta does nothing, nothing fires."""
    made, fired = recorded({"rule": [Line()]})
    monkeypatch.setattr(experta.KnowledgeEngine, "run", lambda *_: None)
    run(made(), Line())
    assert fired == []


def test_equal_facts_are_two_facts() -> None:
    """Two equal facts are two matches, and are not dropped as duplicates."""
    made, fired = recorded({"rule": [Line(n=1)]})
    run(made(), Line(n=1), Line(n=1))
    assert len(fired) == 2


def test_true_one_and_one_point_zero_differ() -> None:
    """X14: literals and joins keep True, 1 and 1.0 apart, and none is lost as a duplicate."""
    values = (True, 1, 1.0)
    rules = {f"literal {v!r}": [AS.a << Line(v=v)] for v in values}
    rules["join"] = [AS.a << Line(v=MATCH.v), AS.b << Marker(v=MATCH.v)]
    rules["within"] = [Line(v=MATCH.v, w=MATCH.v)]
    rules["not"] = [AS.a << Line(v=MATCH.v), NOT(Marker(v=MATCH.v, w=1))]
    made, fired = recorded(rules)
    facts = [*[Line(v=v, w=1) for v in values], *[Marker(v=v) for v in values], Marker(v=True, w=1)]
    run(made(), *facts)
    names = sorted(name for name, _ in fired)
    literals = sorted(f"literal {v!r}" for v in values)
    assert names == ["join"] * 4 + literals + ["not"] * 2 + ["within"]
    assert all(type(b["a"]["v"]) is type(b["b"]["v"]) for name, b in fired if name == "join")


def test_each_run_starts_empty() -> None:
    """Runs of one engine do not see the facts of each other."""
    made, fired = recorded({"rule": [AS.line << Line(), NOT(Marker())]})
    engine = made()
    for facts in ([Line(n=1), Marker()], [Line(n=2)], [], [Line(n=3), Marker()]):
        run(engine, *facts)
    assert [bindings["line"]["n"] for _, bindings in fired] == [2]


def test_facts_between_runs_take_back_and_add() -> None:
    """Facts declared after a run fire what has become true, once, and nothing again."""
    made, fired = recorded(
        {"line": [Line(n=MATCH.n)], "marked": [Line(n=MATCH.n), Marker(n=MATCH.n)]}
    )
    engine = made()
    run(engine, Line(n=1), Line(n=2))
    engine.declare_all([Marker(n=2)])
    engine.run()
    assert [(name, bindings["n"]) for name, bindings in fired] == [
        ("line", 2),
        ("line", 1),
        ("marked", 2),
    ]


def test_salience_and_ordinal_order_the_firings() -> None:
    """Higher salience fires first, then the smaller ordinal; without ordinals names decide."""
    fired: list[str] = []

    def spec(name: str, **order: Any) -> RuleSpec:
        return RuleSpec(name, [Line()], lambda _: fired.append(name), **order)

    run(build_engine("Named", [spec("b"), spec("c", salience=1), spec("a")])(), Line())
    assert fired == ["c", "a", "b"]
    fired.clear()
    run(build_engine("Ranked", [spec("a", ordinal=2), spec("b", ordinal=1)])(), Line())
    assert fired == ["b", "a"]


def test_loop_is_stopped_and_named() -> None:
    """X27: a rule that feeds itself is stopped at the budget, and the error names it."""

    def feed(engine: Engine, n: int) -> None:
        engine.declare(Line(n=n + 1))

    specs = [
        RuleSpec("feeds itself", [Line(n=MATCH.n)], feed),
        RuleSpec("calm", [Marker()], nothing),
    ]
    made = build_engine("Loop", specs, record_only=False, step_budget=50)
    with pytest.raises(StepBudgetExceeded, match=r"feeds itself \(49\), calm \(1\)") as caught:
        run(made(), Line(n=0), Marker())
    assert caught.value.fired == (("feeds itself", 49), ("calm", 1))
    assert isinstance(caught.value, EngineFailure)


def test_budget_that_is_just_enough_is_no_error() -> None:
    """As many firings as the budget allows are no error, and fewer steps can be asked for."""
    made, fired = recorded({"rule": [Line()]}, step_budget=3)
    engine = made()
    run(engine, Line(), Line(), Line())
    run(engine, Line(), Line(), Line())
    assert len(fired) == 6
    engine.reset()
    engine.declare_all([Line() for _ in range(4)])
    engine.run(steps=2)
    assert len(fired) == 8


def test_recording_right_hand_sides_cannot_change_facts() -> None:
    """X3: by default a right-hand side that declares, retracts or modifies is an error."""
    changes: list[Callable[[Engine, Any], object]] = [
        lambda engine, line: engine.declare(Marker(n=line["n"])),
        lambda engine, line: engine.retract(line),
        lambda engine, line: engine.modify(line, n=2),
    ]
    for change in changes:

        def act(engine: Engine, line: Any, change: Any = change) -> None:
            change(engine, line)

        made = build_engine("Made", [RuleSpec("rule", [AS.line << Line()], act)])
        with pytest.raises(EngineMisused, match="right-hand side of Made tried to"):
            run(made(), Line(n=1))


def test_engine_refuses_to_go_on_after_an_exception() -> None:
    """X4, X22: an engine that an exception has gone through refuses everything, naming why."""

    def fail(_engine: Engine) -> None:
        raise LookupError("a table")

    engine = build_engine("Made", [RuleSpec("rule", [Line()], fail)])()
    with pytest.raises(LookupError, match="a table"):
        run(engine, Line())
    calls: list[Callable[[], object]] = [
        engine.reset,
        engine.run,
        lambda: engine.declare(Line()),
        lambda: engine.retract(0),
    ]
    for call in calls:
        with pytest.raises(EngineMisused) as caught:
            call()
        assert isinstance(caught.value.__cause__, LookupError)


def test_predicate_that_raises_spoils_the_engine() -> None:
    """X4: an exception while matching spoils the engine as well."""
    engine = recorded({"rule": [Line(n=experta.GT(1))]})[0]()
    engine.reset()
    with pytest.raises(TypeError):
        engine.declare(Line(n="text"))
    with pytest.raises(EngineMisused):
        engine.run()


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([experta.EXISTS(Line())], "EXISTS as a condition"),
        ([experta.OR(Line(), Marker())], "OR as a condition"),
        ([NOT(experta.AND(Line(), Marker()))], "NOT of anything but one pattern"),
        ([Line(), TEST(lambda late: late), AS.late << Line()], "TEST reads late before"),
        ([Line(n=~MATCH.n)], "negated constraint of n"),
        ([Line(a__b=1)], "nested slot a__b"),
    ],
)
def test_unsafe_rules_are_refused(conditions: list[Any], reason: str) -> None:
    """X5 to X11: a rule outside of the safe subset is refused by name, unless that is wanted."""
    with pytest.raises(UnsafeRule, match=f"rule bad: .*{reason}"):
        recorded({"bad": conditions})
    made, _ = recorded({"bad": conditions}, safe_only=False)
    assert len(made().matcher.unsafe_rules) == 1


@pytest.mark.parametrize("name", ["self", "engine", "__x__"])
def test_names_that_cannot_be_passed_are_refused(name: str) -> None:
    """X20: a variable that would collide inside experta is refused when the engine is built."""
    for condition in (name << Line(), Line(n=name << experta.W())):
        with pytest.raises(ValueError, match=f"rule r: a variable cannot be named {name}"):
            build_engine("Made", [RuleSpec("r", [condition], nothing)])


def test_two_rules_of_one_name_are_refused() -> None:
    """Two rules of one name are refused, whatever they say."""
    specs = [RuleSpec("r", [Line()], nothing), RuleSpec("r", [Marker()], nothing)]
    with pytest.raises(ValueError, match="two rules are named r"):
        build_engine("Made", specs)


def test_rules_of_a_decorated_class_are_copied() -> None:
    """X23: rules written as methods also work, and no two engines share a rule object."""

    def act(self: Any, n: int) -> None:
        self.got = n

    made = type("Written", (Engine,), {"rule": experta.Rule(Line(n=MATCH.n))(act)})
    one, other = made(), made()
    run(one, Line(n=1))
    run(other, Line(n=2))
    assert (one.got, other.got) == (1, 2)
    assert one.get_rules()[0] is not other.get_rules()[0]


def test_engines_share_no_rule_object() -> None:
    """X23: each engine of a built class has copies of the rules of its own."""
    made, _ = recorded({"rule": [Line()]})
    rules = [made().get_rules()[0] for _ in range(3)] + [made.productions[0]]
    assert len({id(rule) for rule in rules}) == len(rules)
    assert len({id(rule.plan) for rule in rules}) == 1


@pytest.mark.parametrize("safe_only", [True, False])
def test_threads_do_not_disturb_each_other(*, safe_only: bool) -> None:
    """X23: threads with an engine each, of two classes, get the answers of a single thread."""
    rules: list[list[Any]] = [
        [AS.line << Line(n=MATCH.n), NOT(Marker(n=MATCH.n))],
        [AS.line << Line(n=MATCH.n), AS.other << Line(m=MATCH.n), TEST(lambda line: line["n"] > 1)],
    ]
    if not safe_only:
        rules.append([AS.line << Line(n=MATCH.n), Marker(n=~MATCH.n)])

    def record(engine: Any, line: Any, n: int, **_: Any) -> None:
        assert line["owner"] == engine.owner
        engine.seen.append(n)

    specs = [RuleSpec(f"r{i}", conditions, record) for i, conditions in enumerate(rules)]
    classes = [build_engine(name, specs, safe_only=safe_only) for name in ("One", "Two")]

    def work(owner: int) -> list[list[int]]:
        engine: Any = classes[owner % 2]()
        engine.owner = owner
        answers = []
        for repeat in range(15):
            engine.seen = []
            lines = [Line(n=n, m=(n + repeat) % 7, owner=owner) for n in range(7)]
            run(engine, *lines, *[Marker(n=n) for n in range(repeat % 4)])
            answers.append(engine.seen)
        return answers

    expected = work(0)
    assert any(expected)
    with switching_often(), ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [expected] * 8


def test_rebuilding_adds_nothing_to_the_caches_of_experta() -> None:
    """X24: building and running safe engines again leaves no entry in the caches of experta."""
    check = sys.modules["experta.matchers.rete.check"]
    caches = [vars(getattr(check, name))["_instances"] for name in ("FeatureCheck", "WhereCheck")]
    before = [len(cache) for cache in caches]
    for number in range(3):
        made, _ = recorded({"r": [AS.a << Line(n=number), TEST(lambda a: a["n"] > 0)]})
        run(made(), Line(n=number))
    assert [len(cache) for cache in caches] == before
