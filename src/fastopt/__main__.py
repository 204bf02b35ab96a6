"""``python -m fastopt`` is the command ``fastopt``."""

from fastopt.cli import main

main()
