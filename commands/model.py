"""A home without a model of its own is given the one that ships with the project."""

from __future__ import annotations

from pathlib import Path

from commands.context import Session
from db.home import Home
from errors import ModelError


def ensure_model(current: Session) -> None:
    """Once, in a process of its own: making the graphs needs Keras, and who calls stays light."""
    home = Home(current.home)
    if home.artifact.exists():
        return
    import os
    import subprocess
    import sys

    current.err.print(
        "this home has no model yet: taking the one that ships with Pairdex, which knows drawn "
        "creatures only (`pairdex train` learns your catalog)",
        soft_wrap=True,
    )
    source = Path(__file__).resolve().parent.parent
    done = subprocess.run(  # noqa: S603  # our own module, and the home as one argument
        # -P: what lies in the current folder must not stand in for a module of ours.
        [sys.executable, "-P", "-m", "training.shipped", "unpack", str(current.home)],
        env=os.environ | {"PYTHONPATH": str(source), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise ModelError("the shipped model cannot be prepared", lines[-1])
