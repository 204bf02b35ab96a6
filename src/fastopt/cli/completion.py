"""``fastopt completion``: the script that completes names and values in a shell."""

import rich_click as click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands, options and values in a shell.

    \b
    bash: add to ~/.bashrc:  eval "$(fastopt completion bash)"
    zsh:  add to ~/.zshrc:   eval "$(fastopt completion zsh)"
    fish: fastopt completion fish > ~/.config/fish/completions/fastopt.fish
    """  # noqa: D301
    made = get_completion_class(shell)
    assert made is not None
    root = ctx.find_root().command
    click.echo(made(root, {}, "fastopt", "_FASTOPT_COMPLETE").source())
