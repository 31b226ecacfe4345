"""What evaluates the expressions of one text, and ends. Run as a program only.

Expressions are other people's: a short one can ask for more memory than there is. So
this process has little memory and little time, an empty environment and no way back
but its answer, and nothing but the standard library and the evaluator is loaded.
"""

import json
import resource
import sys
from datetime import datetime
from typing import Any, Final

MEMORY: Final = 384 * 1024 * 1024
SECONDS: Final = 2
LARGEST_ANSWER: Final = 4 * 1024 * 1024


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.load(sys.stdin)
    evaluator = Evaluator(asked["values"], asked["times"])
    answers = [
        evaluator.answer(one, compiled_only=number < asked["compiled_only"])
        for number, one in enumerate(asked["expressions"])
    ]
    written = json.dumps(answers)
    if len(written) > LARGEST_ANSWER:
        raise MemoryError
    sys.stdout.write(written)


class Evaluator:
    """Variables are maps; a time within one is a variable with a dotted name."""

    def __init__(self, values: dict[str, Any], times: dict[str, str]) -> None:
        # it would look for protocol buffers of ours, for 0.1 s; there are none
        sys.modules["google"] = None  # type: ignore[assignment]
        from cel_expr_python import cel  # noqa: PLC0415 - after the limits are set
        from cel_expr_python.ext.ext_strings import ExtStrings  # noqa: PLC0415

        a_map = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
        self.values = values | {
            name: datetime.fromisoformat(at) for name, at in times.items()
        }
        self.environment = cel.NewEnv(
            variables=dict.fromkeys(values, a_map)
            | dict.fromkeys(times, cel.Type.TIMESTAMP),
            extensions=[ExtStrings()],
        )

    def answer(self, expression: str, *, compiled_only: bool) -> dict[str, Any]:
        """Return `{"value": …}`, or `{"error": …}` in the evaluator's words."""
        try:
            compiled = self.environment.compile(expression)
            if compiled_only:
                return {"value": ""}
            found = compiled.eval(data=self.values)
        except RuntimeError as error:
            return {"error": str(error)}
        value = found.plain_value()
        if found.type().name() == "ERROR":
            return {"error": str(value)}
        if isinstance(value, datetime):
            return {"value": value.isoformat().replace("+00:00", "Z")}
        if isinstance(value, (bool, int, float, str)):
            return {"value": value}
        return {"error": f"gives a {found.type().name().lower()}, and not a text"}


if __name__ == "__main__":
    main()
