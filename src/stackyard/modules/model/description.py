"""What a module's code says of itself: inputs, outputs, what it needs and makes.

As plain values, in the API's words in snake case: that is how it is kept.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stackyard.modules.model.outline import Block, read_object, read_outline, text_of

CODE: Final = (".tf", ".tofu")
WRITTEN_AS_JSON: Final = (".tf.json", ".tofu.json")  # is run, and not described
_USUAL_NAMESPACE: Final = "hashicorp"


def describe(name: str, path: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Describe the module of these files, all in its folder *path*."""
    code = Block()
    for file in sorted(files):
        if file.endswith(CODE):
            code.blocks += read_outline(files[file]).blocks
    found: dict[str, Any] = {
        "inputs": [_input(one) for one in code.of_kind("variable") if one.labels],
        "outputs": [
            {"name": one.labels[0], "description": one.text("description")}
            for one in code.of_kind("output")
            if one.labels
        ],
        "dependencies": [
            one.text("source")
            for one in code.of_kind("module")
            if "source" in one.attributes
        ],
        "provider_dependencies": list(_providers(code)),
        "resources": [
            {"type": one.labels[0], "name": one.labels[1]}
            for one in code.of_kind("resource")
            if len(one.labels) > 1
        ],
    }
    return {
        "name": name,
        "path": path,
        "readme": files.get("README.md", ""),
        "changelog": files.get("CHANGELOG.md"),
        "empty": not any(found.values()),
        **found,
    }


def _input(block: Block) -> dict[str, Any]:
    default = block.attributes.get("default")
    return {
        "name": block.labels[0],
        "description": block.text("description"),
        "type": block.text("type") or "any",
        "default": default,
        "required": default is None,
    }


def _providers(code: Block) -> Iterator[dict[str, str]]:
    for terraform in code.of_kind("terraform"):
        for required in terraform.of_kind("required_providers"):
            for name, said in required.attributes.items():
                yield _provider(name, said)


def _provider(name: str, said: str) -> dict[str, str]:
    written = read_object(said)
    if written is None:  # only a version, as it was written long ago
        source, version = "", text_of(said)
    else:
        source, version = written.text("source"), written.text("version")
    source = source or f"{_USUAL_NAMESPACE}/{name}"
    return {
        "name": name,
        "namespace": source.split("/")[-2] if "/" in source else _USUAL_NAMESPACE,
        "source": source,
        "version": version,
    }
