import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from dynamicrag.whole_file import is_stream, replacing


def test_a_file_is_put_into_its_place_at_the_end(tmp_path):
    path = tmp_path / "f"
    path.write_text("old")
    with replacing(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


def test_threads_that_write_one_file_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "f"

    def write(text):
        with replacing(path) as draft:
            draft.write_text(text)

    with ThreadPoolExecutor(1) as other, replacing(path) as draft:
        draft.write_text("first")
        other.submit(write, "second").result()
        assert (draft.read_text(), path.read_text()) == ("first", "second")
    assert path.read_text() == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError()])
def test_what_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "f"
    path.write_text("old")
    with pytest.raises(type(error)), replacing(path) as draft:
        draft.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["f"]


def test_devices_and_pipes_are_written_to_and_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with replacing(tmp_path / "pipe") as draft:
        assert draft == tmp_path / "pipe"
    assert is_stream(tmp_path / "pipe")
    assert not is_stream(tmp_path)
    assert not is_stream(tmp_path / "none")
