"""What clients send is sent by tests: every one of their documents, none left out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
OPERATIONS: Final = TESTS / "operations"
MANY: Final = 375  # as many as the clients have
SHORTEST_HINT: Final = 4  # of a name that is put together, so that it means something


def named_in(path: Path) -> Iterator[str]:
    """Yield what may name documents in a file of tests, as patterns."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Constant(value=str(text)):
                yield re.escape(text.removesuffix(".graphql"))
            case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *rest]):
                if len(begin) >= SHORTEST_HINT:
                    parts = [
                        re.escape(str(one.value))
                        if isinstance(one, ast.Constant)
                        else r"\w+"
                        for one in rest
                    ]
                    yield "".join([re.escape(begin), *parts])


def test_every_document_of_every_client_is_sent_by_a_test() -> None:
    support = TESTS / "support"
    clients = [support / "spacectl.py", *(support / "lives").glob("*.py")]
    patterns = {
        pattern
        for path in [*TESTS.rglob("test_*.py"), *clients]
        if "node_modules" not in path.parts
        for pattern in named_in(path)
    }
    any_of = re.compile("|".join(f"(?:{one})" for one in sorted(patterns)))
    documents = list(OPERATIONS.glob("*/*.graphql"))

    unsent = sorted(
        f"{path.parent.name}/{path.stem}"
        for path in documents
        if not any_of.fullmatch(path.stem)
        and not any_of.fullmatch(f"{path.parent.name}/{path.stem}")
    )

    assert len(documents) == MANY
    assert not unsent, "\n".join(unsent)
