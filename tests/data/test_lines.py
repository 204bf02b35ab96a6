"""Text files in chunks: the lines of the file, however it is cut, compressed or piped in."""

import gzip
import os
import random
import subprocess
import sys
import threading
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastopt.data.lines import INPUT, Lines

CHUNK = 64  # bytes of memory to one byte of a chunk
TEXT = b"".join(b"%d" % 3**k * (k % 5) + b"\n" for k in range(300))


def shuffled(lines, seed=0):
    chunks = list(range(lines.n_chunks))
    random.Random(seed).shuffle(chunks)
    return chunks


@pytest.fixture
def write(tmp_path, monkeypatch):
    """A function that writes bytes to a file of the working directory, and returns its name."""
    monkeypatch.chdir(tmp_path)

    def write(content, name="x.svm"):
        Path(name).write_bytes(content)
        return name

    return write


def members(text, n):
    """A gzip file of so many members, with zeros behind each."""
    size = len(text) // n + 1
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    return b"".join(gzip.compress(part) + bytes(3) for part in parts)


FORMS = {
    "plain": lambda text: text,
    "gzip": gzip.compress,
    "members": lambda text: members(text, 7),
    "padded": lambda text: gzip.compress(text) + bytes(3 * INPUT),
    "empty members": lambda text: gzip.compress(b"") * 3 + gzip.compress(text) + gzip.compress(b""),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.mark.parametrize("chunk_bytes", [1, 2, 7, 100, 1000, 65_536, 10**6])
def test_chunks_are_whole_lines_of_bounded_size(write, form, chunk_bytes):
    lines = Lines(write(form(TEXT)), CHUNK * chunk_bytes)
    chunks = list(lines)
    assert b"".join(chunks) == TEXT
    for chunk in chunks:
        assert chunk.endswith(b"\n")
        assert len(chunk) <= chunk_bytes or chunk.count(b"\n") == 1
    for first, second in pairwise(chunks):  # none could have been longer
        assert len(first) + second.index(b"\n") + 1 > chunk_bytes


@pytest.mark.parametrize("chunk_bytes", [10, 1000, 65_536])
def test_chunks_are_read_in_any_order(write, form, chunk_bytes):
    lines = Lines(write(form(TEXT * 10)), CHUNK * chunk_bytes)
    chunks = list(lines)
    assert lines.n_chunks == len(chunks)
    order = shuffled(lines)
    order = order[:200]
    assert [lines.read([chunk]) for chunk in order] == [chunks[chunk] for chunk in order]
    assert lines.read(order) == b"".join(chunks[chunk] for chunk in order)


def test_a_chunk_is_read_without_those_before_it_having_been_asked_for(write, form):
    fourth = list(Lines(write(TEXT, "plain.svm"), CHUNK * 100))[3]
    lines = Lines(write(form(TEXT)), CHUNK * 100)
    assert lines.read([3]) == fourth
    with pytest.raises(IndexError, match=r"x\.svm has \d+ chunks"):
        lines.read([10**6])


text = st.lists(st.sampled_from([b"\n", b"a", b"bcd", b"\r\n", b"e" * 30]), max_size=30)


@given(text.map(b"".join), st.integers(1, 80), st.sampled_from(list(FORMS.values())))
def test_any_text_is_read_however_it_is_cut(tmp_path_factory, content, chunk_bytes, form):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(form(content))
    whole = content if content.endswith(b"\n") or not content else content + b"\n"
    lines = Lines(path, CHUNK * chunk_bytes)
    assert b"".join(lines) == whole
    assert lines.read(range(lines.n_chunks)) == whole if whole else lines.n_chunks == 0
    for chunk in shuffled(lines):
        before = b"".join(lines.read([k]) for k in range(chunk))
        assert lines.first_line(chunk) == before.count(b"\n") + 1


def test_the_last_line_ends_wherever_it_is_read(write, form):
    lines = Lines(write(form(b"first\nlast")), CHUNK * 6)
    assert lines.read([1, 0]) == b"last\nfirst\n"


def test_a_line_of_10_mb_is_a_chunk(write, form):
    line = b"1 " + b" ".join(b"%d:0.5" % k for k in range(1, 1_000_000)) + b"\n"
    assert len(line) > 10**7
    lines = Lines(write(form(b"short\n" + line + b"short\n")), CHUNK * 1000)
    assert list(lines) == [b"short\n", line, b"short\n"]
    assert lines.read([2, 1]) == b"short\n" + line


def test_an_empty_file_has_no_chunks(write, form):
    lines = Lines(write(form(b"")), 10**6)
    assert lines.n_chunks == 0
    assert list(lines) == []


def test_gzip_is_known_by_its_bytes_not_by_the_name(write):
    assert list(Lines(write(gzip.compress(b"a\n"), "x.svm"), 10**6)) == [b"a\n"]
    assert list(Lines(write(b"a\n", "x.svm.gz"), 10**6)) == [b"a\n"]


# --- Broken files ---------------------------------------------------------------------------------

NOISE = random.Random(0).randbytes(100_000).hex().encode()  # takes several inputs to decompress


@pytest.mark.parametrize("text", [b"1 1:2\n", NOISE], ids=["short", "long"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_a_gzip_file_that_was_cut_short_is_an_error(write, text, share):
    content = gzip.compress(text)
    size = max(int(share * len(content)) - 1, 2)
    name = write(content[:size], "x.svm.gz")
    with pytest.raises(ValueError) as error:
        list(Lines(name, 10**6))
    assert (
        str(error.value) == f"{name}: expected a whole gzip file, found its end after {size} bytes"
    )


@pytest.mark.parametrize("at", range(-8, 0))
def test_a_wrong_checksum_or_length_is_an_error(write, at):
    content = bytearray(gzip.compress(NOISE))
    content[at] ^= 1
    what = "incorrect data check" if at < -4 else "incorrect length check"
    match = rf"^x\.svm\.gz: expected a whole gzip file, found {what} after \d+ bytes$"
    with pytest.raises(ValueError, match=match):
        list(Lines(write(content, "x.svm.gz"), 10**6))


@pytest.mark.parametrize("seed", range(20))
def test_a_wrong_bit_anywhere_behind_the_header_is_an_error(write, seed):
    rng = random.Random(seed)
    content = bytearray(gzip.compress(NOISE))
    content[rng.randrange(10, len(content))] ^= 1 << rng.randrange(8)
    with pytest.raises(ValueError, match=r"^x\.svm\.gz: expected a whole gzip file, found "):
        list(Lines(write(content, "x.svm.gz"), 10**6))


def test_other_bytes_behind_a_gzip_file_are_an_error(write):
    content = gzip.compress(b"a\n")
    name = write(content + b"\0\0more", "x.svm.gz")
    with pytest.raises(ValueError) as error:
        list(Lines(name, 10**6))
    found = f"other bytes after {len(content) + 2}"
    assert str(error.value) == f"{name}: expected a whole gzip file, found {found}"


def test_a_file_that_becomes_shorter_is_an_error(write):
    name = write(TEXT)
    lines = Lines(name, CHUNK * 100)
    last = lines.n_chunks - 1
    os.truncate(name, 1000)
    with pytest.raises(ValueError, match=rf"^x\.svm: expected {len(TEXT)} bytes, found "):
        lines.read([last])


def test_reading_goes_on_after_an_error(write):
    lines = Lines(write(gzip.compress(TEXT) + b"more"), CHUNK * 100)
    for _ in range(2):
        with pytest.raises(ValueError, match="other bytes"):
            list(lines)
        assert TEXT.startswith(lines.read([0]) + lines.read([1]))


# --- Pipes and memory -----------------------------------------------------------------------------


def test_standard_input_is_read_in_any_order(write, form):
    code = (
        "import sys; from fastopt.data.lines import Lines; lines = Lines('-', 6400);"
        "sys.stdout.buffer.write(lines.read(range(lines.n_chunks)[::-1]))"
    )
    run = subprocess.run([sys.executable, "-c", code], input=form(TEXT), capture_output=True)
    assert run.stderr == b""
    chunks = list(Lines(write(TEXT), 6400))
    assert run.stdout == b"".join(reversed(chunks))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_read_in_any_order(tmp_path, form):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[form(TEXT)])
    writer.start()
    lines = Lines(path, CHUNK * 100)
    writer.join()
    assert b"".join(lines) == TEXT
    assert lines.read([3, 1]) == lines.read([3]) + lines.read([1])


@pytest.mark.parametrize("form", [FORMS["plain"], FORMS["gzip"]], ids=["plain", "gzip"])
def test_memory_stays_bounded(write, form):
    memory = 2**21
    name = write(form(b"".join(b"%d:%d\n" % (k, k * k) for k in range(300_000))))
    lines = Lines(name, memory)
    assert lines.n_chunks > 64
    tracemalloc.start()
    try:
        for chunk in shuffled(lines):
            lines.read([chunk])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < memory // 4


def test_memory_may_be_larger_than_any_file(write, form):
    assert Lines(write(form(TEXT)), 2**80).n_chunks == 1
