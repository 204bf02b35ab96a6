"""The command line as a process: what it imports, pipes, terminals, signals and exit codes."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

posix = pytest.mark.skipif(os.name == "nt", reason="pipes and terminals of POSIX")


def finished(process):
    """The exit code of a process, and what it wrote."""
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


@pytest.fixture
def long(rows):
    """A file of more rows than a pipe holds predictions of."""
    np.save(rows / "long.npy", np.tile(np.load(rows / "x.npy"), (500, 1)))
    return "long.npy"


def imported(rows, *arguments):
    """The modules that a command has imported when it is done."""
    code = (
        "import sys\nfrom fastopt.cli import main\n"
        f"sys.argv = ['fastopt', *{[*map(str, arguments)]}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    how = {"cwd": rows, "capture_output": True, "text": True, "check": True}
    return set(subprocess.run([sys.executable, "-c", code], **how).stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("config",), ("predict", "--help")])
def test_what_needs_no_model_imports_no_scikit_learn(rows, arguments):
    assert not {"sklearn", "scipy", "matplotlib", "pandas"} & imported(rows, *arguments)


def test_training_imports_neither_pandas_nor_matplotlib_nor_pyarrow(rows, tmp_path):
    told = ("--target", "y.npy", "--epochs", 1, "--quiet", "--model", tmp_path / "m")
    modules = imported(rows, "train", "x.npy", *told)
    assert "sklearn" in modules
    assert not {"pandas", "matplotlib", "pyarrow"} & modules


def test_predictions_go_through_a_pipe(start, train, rows):
    path = train("y")
    status, stdout, stderr = finished(start("predict", path, "x.npy"))
    assert (status, len(stdout.splitlines()), stderr) == (0, 400, "")


@posix
def test_a_pipe_that_is_closed_ends_it_without_a_word(start, train, long):
    process = start("predict", train("y"), long)
    assert process.stdout.readline() in ("0\n", "1\n")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) == -signal.SIGPIPE


def test_exit_codes_are_those_of_the_usage_and_the_run(start):
    assert finished(start("train"))[0] == 2
    status, stdout, stderr = finished(start("train", "nothing.npy", "--model", "m"))
    assert (status, stdout) == (1, "")
    assert stderr == "error: nothing.npy: No such file or directory\n"


def test_a_warning_is_told_in_a_line(start, tmp_path):
    told = ("--target", "y.npy", "--max-iter", 2, "--model", tmp_path / "m")
    status, _, stderr = finished(start("train", "x.npy", *told))
    assert status == 0
    assert stderr.splitlines()[2].startswith("warning: Maximum number of iteration reached")


@posix
def test_ctrl_c_ends_it_with_130_and_tells_where_the_checkpoint_is(start, tmp_path):
    told = ("--target", "y.npy", "--epochs", 10**6, "--model", tmp_path / "m")
    told += ("--checkpoint", tmp_path / "c")
    # Also where what runs the tests ignores Ctrl-C.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    process = start("train", "x.npy", *told, **heard)
    assert process.stderr.readline().startswith("epoch 1 of at most 1000000")
    process.send_signal(signal.SIGINT)
    status, _, stderr = finished(process)
    assert status == 130
    assert stderr.splitlines()[-2:] == [
        "interrupted",
        f"--resume goes on from the last checkpoint in {tmp_path / 'c'}",
    ]
    assert "Traceback" not in stderr
    assert not (tmp_path / "m").exists()


@posix
def test_a_terminal_shows_a_bar_alone(start, tmp_path):
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 120))
    told = ("--target", "y.npy", "--epochs", 3, "--model", tmp_path / "m")
    process = start("train", "x.npy", *told, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # Linux's end of a terminal
        pass
    os.close(ours)
    assert finished(process)[0] == 0
    assert b"SGDClassifier: 100%|" in shown
    assert b"epoch 3 of" not in shown


@posix
def test_help_comes_soon(start):
    import resource

    def seconds():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime  # whatever else the machine does

    before = seconds()
    assert finished(start("--help"))[0] == 0
    assert seconds() - before < 0.8  # with scikit-learn it is more than 1


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("fastopt tr", ["train"]),
        ("fastopt train --optimizer adam", ["adam", "adamax", "adamw"]),
        ("fastopt train --learning", ["--learning-rate"]),
        ("fastopt train columns.csv --target a", ["age"]),
    ],
)
def test_the_shell_completes(words, completed, rows):
    (rows / "columns.csv").write_text("age,city\n")
    told = {
        "_FASTOPT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    how = {"env": {**os.environ, **told}, "cwd": rows, "capture_output": True, "text": True}
    output = subprocess.run([sys.executable, "-m", "fastopt"], check=True, **how).stdout
    assert output.split() == [f"plain,{word}" for word in completed]
