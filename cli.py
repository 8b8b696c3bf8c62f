"""pairdex: learns from a catalog of captioned images, searches it and tags new images."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import (
    calibrate,
    catalog,
    compare,
    evaluate,
    home,
    index,
    judgements,
    key,
    move,
    refit,
    review,
    saved,
    search,
    serve,
    shell,
    tag,
    train,
)
from commands.context import Session
from commands.search_options import SearchCommand
from commands.wording import worded
from errors import HomeError, PairdexError, QueryError, printable

INTERRUPTED = 130
WRONG_USE: type[Exception] = typer.BadParameter.mro()[1]  # a usage error, which Typer does not name

app = typer.Typer(
    name="pairdex",
    help=__doc__,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(catalog.app, name="catalog")
app.add_typer(index.app, name="index")
app.add_typer(saved.app, name="saved")
app.add_typer(judgements.app, name="judgements")
app.add_typer(key.app, name="key")
for command in (
    train.train,
    calibrate.calibrate,
    evaluate.evaluate,
    compare.compare,
    tag.tag,
    review.review,
    refit.refit,
    move.move,
    home.info,
    home.doctor,
):
    app.command()(command)
app.command(cls=SearchCommand)(search.search)
app.command()(shell.shell)
app.command()(serve.serve)


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path,
        typer.Option(envvar="PAIRDEX_HOME", help="The folder that holds all state of one catalog."),
    ] = Path("var"),
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override one setting."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no notes on stderr.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    os.environ["PAIRDEX_DEBUG"] = "1" if debug else os.environ.get("PAIRDEX_DEBUG", "")
    context.obj = current = Session(home.absolute(), tuple(set_ or ()), quiet)
    if any(flag.lstrip().startswith(("db.", "vectors.")) for flag in current.flags):
        from db.databases import use

        use(current.home, current.settings)


def main() -> None:
    """Runs the app; every error becomes one line on stderr and the exit code of its branch."""
    # When the reader of our output has gone (`| head`) we end as other programs do, in silence.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        code = app(standalone_mode=False)
    except PairdexError as error:
        # A program that asked for JSON gets the one line, which names the character too.
        lone = any(word.startswith("--json") for word in sys.argv)
        pointer = error.pointer if isinstance(error, QueryError) and not lone else None
        _fail(f"error: {worded(error)}", error.exit_code, pointer.lines() if pointer else ())
    except WRONG_USE as error:
        _wrong_use(error)
    except ModuleNotFoundError as error:  # the heavy packages are an extra
        needs = f"error: this command needs the package {error.name}, which is not installed"
        _fail(f"{needs} (pip install 'pairdex[train]')", PairdexError.exit_code)
    except OSError as error:
        from db.home import disk_error

        trouble = disk_error(Path("the output"), error)
        _fail(f"error: {trouble}", trouble.exit_code)
    except Exception as error:
        if os.environ.get("PAIRDEX_DEBUG"):
            raise
        kind = type(error).__name__
        _fail(f"unexpected error: {kind}: {error} (a bug: --debug shows where)", 1)
    if code == INTERRUPTED:  # Typer makes this of a KeyboardInterrupt
        _fail("interrupted: run the same command again to continue", INTERRUPTED)
    _end(code or 0)


def _end(code: int) -> None:
    """Taking the inference runtime apart costs a tenth of a second, and the system does it anyway.

    Not where something is still at work, and not under Keras, which has an end of its own.
    """
    if "openvino" in sys.modules and "keras" not in sys.modules and threading.active_count() == 1:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError as error:
            _fail(f"error: the output cannot be written: {error.strerror}", HomeError.exit_code)
        os._exit(code)
    sys.exit(code)


def _wrong_use(error: Any) -> None:
    """A wrong option in one line of our form; no command at all is answered with the help."""
    words = error.format_message().strip()
    if type(error).__name__ == "NoArgsIsHelpError":
        print(words, file=sys.stderr)
        sys.exit(error.exit_code)
    command = error.ctx.command_path if error.ctx else "pairdex"
    remedy = f"see {command} --help"
    if command.endswith(" search") and re.match("No such option: -[^-]", words):
        remedy += "; say in the query what is wanted too, or put it behind --"
    elif command.endswith(" search") and "extra argument" in words:
        remedy += "; a query of several words stands in quotes"
    _fail(f"error: {words[:1].lower()}{words[1:].rstrip('.')} ({remedy})", error.exit_code)


def _fail(line: str, code: int, below: Sequence[str] = ()) -> None:
    print(printable(line), *below, sep="\n", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
