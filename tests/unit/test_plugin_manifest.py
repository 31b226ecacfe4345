"""What a manifest says, and what is not taken for one."""

import pytest

from stackyard.plugins import ManifestError, Parameter, read_manifest

HEAD = "name: x\nversion: 1.10\ndescription: x\nauthor: x\n"


def refused(text: str) -> str:
    with pytest.raises(ManifestError) as error:
        read_manifest(text)
    return str(error.value)


def parameters(text: str) -> tuple[Parameter, ...]:
    return read_manifest(f"{HEAD}parameters:\n{text}")


def test_what_is_missing_is_named_in_the_order_in_which_it_is_wanted() -> None:
    said = refused("name: x\ndescription: y\nhooks: {}\n")
    assert said == "invalid manifest: missing properties 'version', 'author'"
    assert refused("{name: x, description: y, author: z}") == (
        "invalid manifest: missing property 'version'"
    )


def test_a_parameter_says_what_it_says_and_is_optional_otherwise() -> None:
    [full, bare] = parameters(
        "- id: key\n"
        "  name: The key\n"
        "  type: number\n"
        "  description: for the door\n"
        "  sensitive: yes\n"
        "  required: true\n"
        "  default: 1.10\n"
        "- name: other\n"
        "  description: ~\n"
    )
    assert full == Parameter(
        id="key",
        name="The key",
        type="number",
        description="for the door",
        sensitive=True,
        required=True,
        default="1.10",  # the text, not the number
    )
    assert bare == Parameter(
        id="other",
        name="other",
        type="string",
        description=None,
        sensitive=False,
        required=False,
        default=None,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- x", "parameters[0]: must be a mapping"),
        ("- type: string", "parameters[0]: missing property 'name'"),
        ("- {name: a, type: list}", "'type' must be one of string, number, boolean"),
        ("- {name: a, required: maybe}", "'required' must be true or false"),
        ("- {name: a, type: number, default: x}", "must be a number"),
        ("- {name: a, type: boolean, default: x}", "must be a boolean"),
        ("- {name: a}\n- {name: a}", "the id 'a' is given twice"),
        ("- {name: [a]}", "'name' must be a text"),
        ('- {name: "a\\0"}', "'name' must be text without NUL characters"),
        ('- {name: a, default: "\\x00"}', "'default' must be text without NUL"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said(text: str, problem: str) -> None:
    assert problem in refused(f"{HEAD}parameters:\n{text}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "a: [",
        "\tx: y",
        "a: \0",
        "!!python/object:os.system {}",
        "{[a]: b}",
    ],
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    assert refused(text).startswith("invalid manifest: ")


def test_no_alias_makes_a_small_manifest_large() -> None:
    """Each line would be ten times the one before; all of it is read in no time."""
    lines = ["a0: &a0 {x: y}"]
    for number in range(1, 40):
        before = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} {{<<: [{before}], z: [{before}]}}")
    assert read_manifest(HEAD + "\n".join(lines)) == ()


@pytest.mark.parametrize("depth", [900, 100_000])
def test_what_is_nested_without_end_is_refused(depth: int) -> None:
    assert "nest" in refused(f"{HEAD}x: {'[' * depth}{']' * depth}")


def test_what_is_too_long_is_refused() -> None:
    assert "at most" in refused(f"{HEAD}x: {'y' * 1024 * 1024}")
