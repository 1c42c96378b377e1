"""Databases are their owner's alone, from the first moment."""

import os
import stat

import pytest

from dynamicrag.cost.runs import Runs
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.store.private import private_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o277])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_made_private_under_any_umask(tmp_path):
    folder = tmp_path / "data"
    runs = Runs(folder / "runs.sqlite")
    runs.add({"id": "q", "at": 0.0, "policy": "p", "thread": ""}, "a?", {}, {"id": "p"})
    SharedPurse(folder / "budgets.sqlite", "team").add({"usd": 1.0})
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        "runs.sqlite": 0o600,
        "runs.sqlite-wal": 0o600,
        "runs.sqlite-shm": 0o600,
        "budgets.sqlite": 0o600,
    }
    runs.database.close()


def test_what_is_open_to_others_is_tightened_and_what_is_read_only_stays_so(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    for name, given in (("runs.sqlite", 0o644), ("runs.sqlite-wal", 0o666), ("runs.sqlite-journal", 0o640)):
        (folder / name).touch()
        (folder / name).chmod(given)
    (folder / "kept.sqlite").touch(0o444)
    private_file(folder / "runs.sqlite")
    private_file(folder / "kept.sqlite")
    assert mode(folder) == 0o700
    assert mode(folder / "runs.sqlite") == mode(folder / "runs.sqlite-wal") == 0o600
    assert mode(folder / "runs.sqlite-journal") == 0o600
    assert mode(folder / "kept.sqlite") == 0o400


def test_a_folder_with_other_things_is_left_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "notes.txt").touch()
    private_file(tmp_path / "runs.sqlite")
    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "runs.sqlite") == 0o600
