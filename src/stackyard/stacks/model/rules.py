"""What a stack's settings must keep to. Every problem is found, not just the first.

Fields are called what the API calls them. The texts about versions are compared by
existing clients (`versions.py`); the others are ours.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from stackyard.kernel.errors import StackyardError
from stackyard.kernel.text import CONTROLS, clean_path, storable
from stackyard.stacks.model.spec import Provider, StackSpec
from stackyard.stacks.ports import CheckUrl

LONGEST_NAME: Final = 256
_GLOB: Final = re.compile(r"[*?\[\]{}]")
# What git itself refuses in the name of a branch, and a leading dash, which a command
# line would take for an option.
_BAD_BRANCH: Final = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[-./]|[./]$|\.lock(?:/|$)|^@$"
)
_BAD_SLUG: Final = re.compile(r"[^a-z0-9_-]|^[^a-z0-9]")


def spec_problems(
    spec: StackSpec, *, manages_state: bool, check_url: CheckUrl
) -> list[str]:
    found = [*_unstorable(spec)]
    if found:  # nothing else can be said safely about such text
        return found
    found += _naming(spec)
    found += _source(spec, check_url)
    found += _paths(spec)
    found += _hooks(spec)
    if spec.autoretry and spec.worker_pool_id is None:
        found.append("autoretry: needs a private worker pool")
    if spec.vendor is not None:
        found += spec.vendor.problems(manages_state=manages_state)
    return found


def slug_problem(slug: str) -> str | None:
    if not slug:
        return "slug: the name has no letter a-z and no digit: give a slug"
    if len(slug) > LONGEST_NAME:
        return f"slug: at most {LONGEST_NAME} characters"
    if _BAD_SLUG.search(slug):
        return "slug: only a-z, 0-9, - and _, beginning with a letter or digit"
    return None


def _unstorable(spec: StackSpec) -> Iterator[str]:
    for field, text in spec.texts():
        if not storable(text):
            yield f"{field}: must be text without NUL characters"


def _naming(spec: StackSpec) -> Iterator[str]:
    if not spec.name.strip():
        yield "name: must not be empty"
    if len(spec.name) > LONGEST_NAME:
        yield f"name: at most {LONGEST_NAME} characters"
    yield from label_problems(spec.labels)


def label_problems(labels: Sequence[str]) -> Iterator[str]:
    if not all(label.strip() and storable(label) for label in labels):
        yield "labels: a label must not be empty, nor hold NUL characters"
    yield from _unique("labels", labels)


def _source(spec: StackSpec, check_url: CheckUrl) -> Iterator[str]:
    if not spec.repository.strip() or CONTROLS.search(spec.repository):
        yield "repository: must be the name of a repository"
    if spec.namespace and CONTROLS.search(spec.namespace):
        yield "namespace: must be the name of an owner of repositories"
    if spec.provider.needs_namespace and not spec.namespace:
        yield f"namespace: needed with the provider {spec.provider}"
    if not spec.branch or _BAD_BRANCH.search(spec.branch):
        yield "branch: must be the name of a branch"
    yield from _url(spec, check_url)


def _url(spec: StackSpec, check_url: CheckUrl) -> Iterator[str]:
    if spec.provider is not Provider.GIT:
        if spec.repository_url:
            yield "repositoryURL: only with the provider GIT"
    elif not spec.repository_url:
        yield "repositoryURL: needed with the provider GIT"
    else:
        try:
            check_url(spec.repository_url)
        except StackyardError as error:
            yield f"repositoryURL: {error}"


def _paths(spec: StackSpec) -> Iterator[str]:
    # many write a folder with a slash behind it, and want to read it so again
    root = spec.project_root
    if root is not None and not clean_path(root.removesuffix("/")):
        yield "projectRoot: must be a clean path below the root of the repository"
    yield from _each(
        "gitSparseCheckoutPaths",
        spec.git_sparse_checkout_paths,
        lambda path: clean_path(path.removesuffix("/")) and not _GLOB.search(path),
        "must be clean paths below the root of the repository, without patterns",
    )
    yield from _each(
        "additionalProjectGlobs",
        spec.additional_project_globs,
        lambda glob: clean_path(glob.removesuffix("/")),
        "must be patterns below the root of the repository",
    )


def _hooks(spec: StackSpec) -> Iterator[str]:
    for name, commands in spec.hook_lists().items():
        if not all(command.strip() for command in commands):
            yield f"{_camel(name)}: a hook must not be empty"


def _each(
    field: str, values: Sequence[str], holds: Callable[[str], bool], rule: str
) -> Iterator[str]:
    if not all(holds(value) for value in values):
        yield f"{field}: {rule}"
    yield from _unique(field, values)


def _unique(field: str, values: Sequence[str]) -> Iterator[str]:
    if len(set(values)) < len(values):
        yield f"{field}: must not name the same thing twice"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
