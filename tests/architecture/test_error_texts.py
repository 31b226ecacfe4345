"""Existing clients read our errors' texts; some words mean something to them."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import stackyard
from stackyard.kernel.errors import Kind, StackyardError
from stackyard.spaces import BindingNotFoundError

# What is gone is what clients wanted: they take these words for a success.
SAY_NOT_FOUND = {BindingNotFoundError}


def every_error(kind: type[StackyardError]) -> Iterator[type[StackyardError]]:
    for one in kind.__subclasses__():
        yield one
        yield from every_error(one)


def test_no_error_says_what_clients_take_for_something_else() -> None:
    for module in pkgutil.walk_packages(stackyard.__path__, "stackyard."):
        if not module.name.endswith(("__main__", "migrations.env")):
            importlib.import_module(module.name)

    for error in every_error(StackyardError):
        said = inspect.getdoc(error) or ""
        assert said, error
        taken = "not found" in said.lower()
        assert taken is (error in SAY_NOT_FOUND), error
        if error.kind in {Kind.UNAUTHORIZED, Kind.FORBIDDEN}:
            assert "unauthorized" in said, error
