"""The outline of Terraform code: blocks, their labels, and expressions as written.

Enough of HCL to say what a module has; expressions are found, not understood. What is
odd is passed over: the tool itself says what is wrong with code. One pass, so that
hostile text costs no more than its length.
"""

import re
from dataclasses import dataclass, field
from typing import Final

_DEEPEST: Final = 40
_SPACE: Final = re.compile(r"(?:\s|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z))+", re.DOTALL)
_BLANK: Final = re.compile(r"[ \t]+")
_WORD: Final = re.compile(r"[^\W\d][\w-]*")
_HEREDOC: Final = re.compile(r"<<-?(?P<tag>[^\W\d][\w-]*)[^\n]*\n")
_COMMENT: Final = re.compile(r"#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(slots=True)
class Block:
    kind: str = ""
    labels: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)

    def of_kind(self, kind: str) -> list["Block"]:
        return [one for one in self.blocks if one.kind == kind]

    def text(self, name: str) -> str:
        """Return the attribute as a text; one that is no text as it is written."""
        return text_of(self.attributes.get(name, ""))


def read_outline(text: str) -> Block:
    """Return what is in a file."""
    return _Reader(text).body(Block(), 0)


def read_object(expression: str) -> Block | None:
    """Return what is in `{ … }`, or None if the expression is something else."""
    if not (expression.startswith("{") and expression.endswith("}")):
        return None
    return _Reader(expression[1:-1]).body(Block(), 0)


def text_of(expression: str) -> str:
    heredoc = _HEREDOC.match(expression)
    if heredoc:
        return _heredoc_text(expression[heredoc.end() :], expression.startswith("<<-"))
    if len(expression) > 1 and expression[0] == expression[-1] == '"':
        return _ESCAPED.sub(
            lambda found: _ESCAPES.get(found[1], found[0]), expression[1:-1]
        )
    return expression


def _heredoc_text(body: str, indented: bool) -> str:  # noqa: FBT001 - private
    lines = body.split("\n")[:-1]  # without the tag that ends it
    if indented:
        indents = [len(one) - len(one.lstrip()) for one in lines if one.strip()]
        lines = [one[min(indents, default=0) :] for one in lines]
    return "\n".join(lines)


@dataclass(slots=True)
class _Reader:
    code: str
    at: int = 0

    def body(self, block: Block, depth: int) -> Block:
        """Read until the brace that ends the block, or the end."""
        while self.at < len(self.code):
            self._skip(_SPACE)
            if self._take("}"):
                break
            name = self._word()
            if name is None:
                self.at += 1  # a comma of an object, or what is odd
            else:
                self._statement(block, name, depth)
        return block

    def _statement(self, block: Block, name: str, depth: int) -> None:
        labels: list[str] = []
        while True:
            self._skip(_BLANK)
            if self._take("=") or self._take(":"):
                block.attributes[name] = self._expression()
                return
            if self._take("{"):
                inner = Block(name, labels)
                if depth < _DEEPEST:
                    block.blocks.append(self.body(inner, depth + 1))
                return
            label = self._word()
            if label is None:
                return
            labels.append(label)

    def _word(self) -> str | None:
        if self.code.startswith('"', self.at):
            start = self.at
            self._string()
            return text_of(self.code[start : self.at])
        found = _WORD.match(self.code, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found[0]

    def _expression(self) -> str:
        """Read up to the end of the line, or of the object, that it stands in."""
        self._skip(_BLANK)
        pieces: list[str] = []
        start, depth = self.at, 0
        while self.at < len(self.code):
            char = self.code[self.at]
            if depth == 0 and char in "\n,}":
                break
            if char == '"':
                self._string()
            elif comment := _COMMENT.match(self.code, self.at):
                pieces.append(self.code[start : self.at])
                start = self.at = comment.end()
            elif heredoc := _HEREDOC.match(self.code, self.at):
                self._heredoc(heredoc)
            else:
                depth += (char in "{[(") - (char in "}])")
                self.at += 1
        return "".join([*pieces, self.code[start : self.at]]).strip()

    def _string(self) -> None:
        """Pass over a quoted text and the `${…}` in it, which may hold others."""
        open_ = ['"']
        self.at += 1
        while open_ and self.at < len(self.code):
            char = self.code[self.at]
            quoted = open_[-1] == '"'
            width = 1
            if quoted and self.code.startswith(("\\", "$${", "%%{"), self.at):
                width = 2 if char == "\\" else 3
            elif quoted and self.code.startswith(("${", "%{"), self.at):
                open_.append("{")
                width = 2
            elif char == (open_[-1] if quoted else "}"):
                open_.pop()
            elif not quoted and char in '"{':
                open_.append(char)
            elif char == "\n" and len(open_) == 1:
                return  # it was never closed
            self.at += width

    def _heredoc(self, found: re.Match[str]) -> None:
        end = re.compile(rf"^[ \t]*{re.escape(found['tag'])}[ \t]*$", re.MULTILINE)
        last = end.search(self.code, found.end())
        self.at = last.end() if last else len(self.code)

    def _take(self, char: str) -> bool:
        if not self.code.startswith(char, self.at):
            return False
        self.at += 1
        return True

    def _skip(self, what: re.Pattern[str]) -> None:
        found = what.match(self.code, self.at)
        if found:
            self.at = found.end()
