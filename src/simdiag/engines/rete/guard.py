"""The only place where experta is imported.

experta 1.9.4 is unmaintained since 2019 and does not import by itself on Python 3.10 or newer: the
frozendict 1.2 that it pins looks for ``collections.Mapping``, a name that has moved to
``collections.abc``. Its import also configures the root logger. `load_experta` makes the import
possible and takes every trace of the help away afterwards; the package on disk is never changed.
All other modules get experta through this function.
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import logging
import sys
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_PACKAGE = "experta"
_lock = threading.RLock()


def load_experta() -> ModuleType:
    """Import experta, or return it if it is imported already.

    Safe to call from several threads, any number of times, and whatever was imported before:
    experta itself, its frozendict, or an ``import experta`` that failed half way.

    Returns:
        The package ``experta``, whose submodules are its attributes.

    Raises:
        ImportError: experta or something that it needs is not installed.
    """
    with _lock:
        module = sys.modules.get(_PACKAGE)
        if module is None:
            module = _import_guarded()
        if not hasattr(module, "KnowledgeEngine"):
            # experta swallows an ImportError of its own parts and leaves an empty package behind.
            raise ImportError("experta is incomplete: schema or frozendict is not installed")
        return module


def _import_guarded() -> ModuleType:
    _forget_failed_attempt()
    with _mapping_alias(), _root_logger_untouched(), warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module(_PACKAGE)


def _forget_failed_attempt() -> None:
    # A failed import takes `experta` out again, but leaves the submodules that had succeeded.
    for name in [name for name in sys.modules if name.startswith(f"{_PACKAGE}.")]:
        del sys.modules[name]


@contextmanager
def _mapping_alias() -> Iterator[None]:
    missing = not hasattr(collections, "Mapping")
    if missing:
        collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if missing:
            del collections.Mapping  # type: ignore[attr-defined]


@contextmanager
def _root_logger_untouched() -> Iterator[None]:
    # `logging.basicConfig()` does nothing while the root logger has a handler. So one is lent to it
    # for the import, and handlers that another thread adds meanwhile are not lost.
    root = logging.getLogger()
    placeholder = logging.NullHandler()
    root.addHandler(placeholder)
    try:
        yield
    finally:
        root.removeHandler(placeholder)
