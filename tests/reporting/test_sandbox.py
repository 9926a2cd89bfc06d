"""Templates can neither reach into Python nor write what no mark has neutralised."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from simdiag.i18n import Messages
from simdiag.reporting.environment import _environment


@pytest.mark.parametrize(
    "source",
    [
        "{{ t.__self__ }}",
        "{{ t.__globals__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages._texts }}",
    ],
)
def test_underscores_are_out_of_reach(source: str) -> None:
    """A template cannot read attributes that begin with an underscore."""
    messages = Messages("en")
    template = _environment(html=True).from_string(source)
    with pytest.raises((SecurityError, UndefinedError)):
        template.render(t=messages.get, messages=messages)


def test_lists_cannot_be_changed() -> None:
    """A template cannot change what it was given."""
    with pytest.raises(SecurityError):
        _environment(html=True).from_string("{{ items.append(1) }}").render(items=[])


def test_unknown_name_is_an_error() -> None:
    """A name that does not exist is an error rather than nothing."""
    with pytest.raises(UndefinedError):
        _environment(html=True).from_string("{{ nobody }}").render()


def test_bare_text_is_an_error_without_html() -> None:
    """Without HTML a template may write only what a mark has written."""
    with pytest.raises(TypeError, match="without a mark"):
        _environment(html=False).from_string("{{ name }}").render(name="*x*")
