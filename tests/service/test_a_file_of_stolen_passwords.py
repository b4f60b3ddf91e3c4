"""A file of SHA-1 hashes in order is searched without being read, and one out of order refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stage.breaches import sha1
from vestibule.auth.breach_file import count_in_file
from vestibule.config import BadSetting, BreachList, load, read_breach_list

MANY = 120_000
HASHES = sorted(sha1(str(number)) for number in range(MANY))
COUNTS = {each: 1 + number % 12345 for number, each in enumerate(HASHES)}


@pytest.fixture(scope="module", params=["\n", "\r\n", "\r\n but at the end"])
def listed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120,000 lines as the downloader writes them."""
    ending = "\n" if request.param == "\n" else "\r\n"
    text = ending.join(f"{each}:{count}" for each, count in COUNTS.items())
    path = tmp_path_factory.mktemp("list") / "stolen.txt"
    path.write_bytes((text + (ending if "but" not in request.param else "")).encode())
    return path


def test_first_last_and_thousands_between_are_found(listed: Path) -> None:
    chosen = {HASHES[0], HASHES[1], HASHES[-2], HASHES[-1], *HASHES[:: MANY // 2000]}
    for each in chosen:
        assert count_in_file(listed, each) == COUNTS[each]


def test_what_is_not_there_is_not_found(listed: Path) -> None:
    absent = ["0" * 40, "F" * 40, *(sha1(f"marzipan {number}") for number in range(500))]
    # Right before and right after those that are there.
    for each in [*HASHES[:: MANY // 200], HASHES[-1]]:
        absent += [f"{int(each, 16) - 1:040X}", f"{int(each, 16) + 1:040X}"]
    assert [each for each in absent if count_in_file(listed, each)] == []


def test_little_of_it_is_read(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    real = count_in_file.__globals__["hash_after"]

    def note(file: object, offset: int) -> object:
        looked.append(offset)
        return real(file, offset)

    monkeypatch.setitem(count_in_file.__globals__, "hash_after", note)
    count_in_file(listed, HASHES[777])
    assert len(looked) < 30, "the logarithm of its size"


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5])
def test_short_lists_are_searched_whole(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "stolen.txt"
    path.write_text("".join(f"{each.lower()}:{COUNTS[each]}\n" for each in HASHES[1 : 1 + lines]))
    assert read_breach_list(str(path)) == BreachList(path=path)
    found = [count_in_file(path, each) for each in HASHES[: 2 + lines]]
    assert found == [0, *(COUNTS[each] for each in HASHES[1 : 1 + lines]), 0]


def refused(value: object) -> str:
    with pytest.raises(BadSetting) as error:
        load(breached_passwords=str(value))
    return str(error.value)


def test_a_list_in_another_order_is_refused_at_start(tmp_path: Path) -> None:
    path = tmp_path / "by-count.txt"
    shuffled = sorted(HASHES, key=COUNTS.__getitem__)[:5000]
    path.write_text("".join(f"{each}:{COUNTS[each]}\n" for each in shuffled))
    assert "in the order of the SHA-1 hashes" in refused(path)


@pytest.mark.parametrize(
    "content", ["", "\n", "marzipan\n", "0" * 40, "0" * 32 + ":1\n", "x" * 100_000, "\0" * 5000]
)
def test_a_file_of_something_else_is_refused_at_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(content)
    assert "HASH:COUNT" in refused(path)


def test_a_file_that_cannot_be_read_is_refused_at_start(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "nowhere.txt")
    assert "Is a directory" in refused(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        *("http://pwned.example.com/range/", "http://192.0.2.1/range/", "ftp://127.0.0.1/range/"),
        *("https:///range/", "https://user:marzipan@example.com/range/", "file:///etc/passwd"),
        *("https://example.com/range/?x=", "https://example.com/#", "https://[::1/range/"),
        *("https://example.com:port/range/", "://"),
    ],
)
def test_a_url_that_must_not_be_asked_is_refused_at_start(url: str) -> None:
    assert "say an https URL" in refused(url)
    assert "marzipan" not in refused(url)


@pytest.mark.parametrize(
    "url", ["https://api.pwnedpasswords.com/range/", "http://127.0.0.1:8080/", "http://[::1]/x/"]
)
def test_https_anywhere_and_http_to_this_machine_are_accepted(url: str) -> None:
    assert load(breached_passwords=url).breached_passwords == url
    assert read_breach_list(url.rstrip("/")) == BreachList(url=url)
