import pytest

from dynamicrag.errors import InputError
from dynamicrag.lab.record.partial import Partial


def partial(tmp_path):
    return Partial(tmp_path / "t.jsonl", (".jsonl",), "recording")


def test_a_second_writer_is_refused_and_no_lock_stays(tmp_path):
    with partial(tmp_path), pytest.raises(InputError, match="another recording is writing it"):
        partial(tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_who_locks_the_file_as_soon_as_it_is_free_keeps_it(tmp_path, monkeypatch):
    first, second, third = (partial(tmp_path) for _ in range(3))
    release = first._lock.release

    def released():
        release()
        second.__enter__()

    monkeypatch.setattr(first._lock, "release", released)
    with first:
        pass
    with pytest.raises(InputError, match="another recording is writing it"):
        third.__enter__()
    second.__exit__()
