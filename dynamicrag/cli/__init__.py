"""Floor 8: the command line. ``main`` is its entry; each command has a file.

Commands raise :class:`~dynamicrag.errors.DynamicRAGError`; here it becomes one line on standard error and an
exit code: 1 for an error (2 for ``whatif``, where 1 is a verdict), 2 for wrong usage, 130 for Ctrl-C.
"""

import errno
import functools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dynamicrag.cli import streams
from dynamicrag.cli.console import PlainConsole, fail, quiet
from dynamicrag.errors import DynamicRAGError

__all__ = ["main"]

NAME = "dynamicrag"
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: The arguments after the program's name; by default those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    sys.path.append(str(Path.cwd()))  # last: a policy may name the user's modules, but they must shadow none
    given = [argument for argument in given if argument != "--debug"]
    streams.prepare()
    code = _run(given, debug)
    failure = streams.flush()
    if failure is not None and code != INTERRUPTED:
        code = _report(failure)
        streams.flush()
    if code == INTERRUPTED:
        # a model may still be computing in threads that are not Python's, and an orderly exit would crash
        # them; all files are closed by now
        os._exit(INTERRUPTED)
    sys.exit(code)


def _run(given: Sequence[str], debug: bool) -> int:
    """Run a command and return its exit code; wrong usage prints one line."""
    try:
        code = _command(debug)(given, prog_name=NAME, standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):  # no error of Typer, whose classes differ between versions
            raise
        context = getattr(error, "ctx", None)
        command = context.command_path if context else NAME
        fail(f"{command}: {error.format_message()}")
        return 2
    return code if isinstance(code, int) else 0


@functools.cache
def _command(debug: bool) -> Any:
    """Return the command line, built once in a process: reading all signatures takes tens of milliseconds."""
    return typer.main.get_command(_app(debug))


def _app(debug: bool) -> typer.Typer:
    from dynamicrag.cli import (
        ask,
        budget,
        calibrate,
        cascade,
        chat,
        eval,  # noqa: A004 - named for its command
        explain,
        feedback,
        ingest,
        init,
        models,
        record,
        report,
        routers,
        serve,
        simulate,
        synthesize,
        train,
        train_escalation,
        train_policy,
        validate,
        whatif,
    )

    app = typer.Typer(
        name=NAME, help=_root.__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.callback()(_root)
    for command in (
        init.init,
        validate.validate,
        ingest.ingest,
        ask.ask,
        chat.chat,
        serve.serve,
        explain.explain,
        feedback.feedback,
        synthesize.synthesize,
        record.record,
        calibrate.calibrate,
        routers.routers,
        budget.budget,
        report.report,
    ):
        app.command()(_guarded(command, debug))
    app.command()(_guarded(whatif.whatif, debug, whatif.REFUSED))
    app.command("eval")(_guarded(eval.evaluate, debug))
    app.command("eval-cascade")(_guarded(cascade.evaluate_cascade, debug))
    app.command()(_guarded(simulate.simulate, debug))
    training = typer.Typer(
        help="Train routers from outcome tables; without a command, the options say which is meant.",
        no_args_is_help=True, cls=train.TrainGroup,
    )  # fmt: skip
    training.command("stage")(_guarded(train.train_stage, debug))
    training.command("joint")(_guarded(train.train_joint, debug))
    training.command("policy")(_guarded(train_policy.train_policy, debug))
    training.command("escalation")(_guarded(train_escalation.train_escalation, debug))
    app.add_typer(training, name="train")
    group = typer.Typer(help="List and download the models of the catalogue.", no_args_is_help=True)
    group.command("list")(_guarded(models.list_models, debug))
    group.command("pull")(_guarded(models.pull_models, debug))
    app.add_typer(group, name="models")
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("dynamicrag")
        except PackageNotFoundError:  # run from a checkout
            number = "(not installed)"
        PlainConsole().print(f"{NAME} {number}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and the messages of libraries.")
    ] = False,
) -> None:
    """Every stage of RAG is a routing decision, under one budget of money, time, energy and carbon."""


def _guarded(command: Callable[..., Any], debug: bool, refused: int = 1) -> Callable[..., Any]:
    """Return ``command`` with errors turned into one line and an exit code, ``refused`` for our own."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not debug:
            quiet()
        try:
            return command(*args, **kwargs)
        except (typer.Exit, SystemExit):
            raise
        except BaseException as error:
            if debug or hasattr(error, "format_message"):
                raise
            code = _report(error)
            raise typer.Exit(refused if isinstance(error, DynamicRAGError) else code) from None

    return guarded


def _report(error: BaseException) -> int:
    """Print an error and return its exit code."""
    if isinstance(error, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second one ends the clean-up
        fail(f"interrupted{': ' if str(error) else ''}{error}")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):  # the reader of our output has stopped reading
        return 1
    if isinstance(error, DynamicRAGError):
        fail(str(error))
    elif isinstance(error, OSError):  # a full disk, a folder without permission
        fail(_system_error(error))
    elif isinstance(error, MemoryError):
        fail("there is not enough memory for this; give less at a time, or close other programs")
    else:
        fail(f"internal error: {type(error).__name__}: {error}; --debug shows where")
    return 1


def _system_error(error: OSError) -> str:
    """Return the refusal of the operating system, and the remedy for a full disk."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    mend = "; free the disk, and run the same command again" if full else ""
    where = "standard output" if error.filename is None and full else error.filename
    return f"{where}: {error.strerror or error}{mend}" if where is not None else f"{error}{mend}"
