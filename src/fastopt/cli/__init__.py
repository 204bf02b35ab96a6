"""The command line: ``fastopt train``, ``predict``, ``evaluate``, ``inspect`` and others.

Each command is a module with a ``command``; what takes long to import is imported when it is used.
"""

import errno
import importlib
import signal
import sys
import warnings
from importlib.abc import MetaPathFinder
from typing import Any

import rich_click as click

import fastopt
from fastopt.cli.meant import meant

COMMANDS = ("train", "predict", "evaluate", "inspect", "bench", "config", "completion")
FAILURES = (ArithmeticError, ImportError, MemoryError, OSError, TypeError, ValueError)


class WithoutPandas(MetaPathFinder):
    """Lets pandas not be found: where it is, scikit-learn imports it, for half as much memory again
    and for no use here.
    """

    def find_spec(self, name: str, *_: Any) -> None:
        """Refuse pandas."""
        if name == "pandas":
            raise ModuleNotFoundError("the command line does without pandas", name=name)


class Commands(click.RichGroup):
    """The commands; how they end."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"fastopt.cli.{name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for, or say which is meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"No such command {name!r}.{meant(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run one; what goes wrong is told in a line."""
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning  # type: ignore[assignment]
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            for line in ("interrupted", *interrupt.args):
                click.echo(line, err=True)
            ctx.exit(130)
        except FAILURES as error:
            if getattr(error, "errno", None) == errno.EPIPE:
                raise
            from fastopt.cli.wording import in_shell

            click.echo(f"error: {in_shell(one_line(error))}", err=True)
            ctx.exit(1)


@click.command("fastopt", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(fastopt.__version__, "-V", "--version", prog_name="fastopt")
def commands() -> None:
    """Train linear and logistic models, and K-means, on files of any size; predict with them.

    To complete names and values by TAB, put the script that `fastopt completion bash` prints, or
    zsh or fish, where your shell reads it: `fastopt completion --help` tells where.
    """


def main() -> None:
    """Run the command that the arguments of the program tell."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # so that `| head` ends it without a word
    sys.meta_path.insert(0, WithoutPandas())
    commands(prog_name="fastopt")


def one_line(message: Any) -> str:
    """Return what an error or a warning says, in one line."""
    if isinstance(message, OSError) and message.filename and message.strerror:
        return f"{message.filename}: {message.strerror}"
    return " ".join(str(message).split()) or type(message).__name__


def _show_warning(message: Warning | str, *_: Any) -> None:
    click.echo(f"warning: {one_line(message)}", err=True)
