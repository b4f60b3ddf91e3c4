"""Secret keys: what they sign and seal is good for one purpose, and stays good after a rotation."""

from __future__ import annotations

import base64
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.conftest import Build
from tests.stage.visits import front_desk
from vestibule.auth.keys import BadSeal, Keys
from vestibule.config import BadSetting, load, parse_keys

KEYS = tuple(bytes(range(first, first + 32)) for first in (0, 32, 64))
FIXED = Keys(lambda: KEYS[:1], None)
words = st.text(st.characters(codec="utf-8"), max_size=40)


def kept_in(folder: Path) -> Keys:
    folder.mkdir(exist_ok=True)
    return Keys.open(load(data=folder))


@given(words, words)
def test_what_was_signed_is_read_for_its_purpose_alone(text: str, other: str) -> None:
    signed = FIXED.sign("device", text)
    assert FIXED.unsign("device", signed) == text
    assert FIXED.unsign(f"device{other or '.'}", signed) is None


@given(words, st.data())
def test_a_changed_character_is_refused(text: str, data: st.DataObject) -> None:
    signed = FIXED.sign("device", text)
    place = data.draw(st.integers(0, len(signed) - 1))
    changed = signed[:place] + data.draw(st.characters()) + signed[place + 1 :]
    assume(changed != signed)
    assert FIXED.unsign("device", changed) is None


@given(st.text())
def test_no_text_of_a_client_breaks_the_reading(text: str) -> None:
    assert FIXED.unsign("device", text) is None
    with pytest.raises(BadSeal):
        FIXED.unseal("totp", text)


@given(st.binary(max_size=64), words, words)
def test_what_was_sealed_opens_in_its_purpose_and_context_alone(
    plain: bytes, context: str, other: str
) -> None:
    assume(context != other)
    sealed = FIXED.seal("totp", plain, context=context)
    assert FIXED.unseal("totp", sealed, context=context) == plain
    with pytest.raises(BadSeal, match="something else"):
        FIXED.unseal("totp", sealed, context=other)
    with pytest.raises(BadSeal, match="something else"):
        FIXED.unseal("signing-key", sealed, context=context)


@given(st.binary(min_size=1, max_size=64), st.data())
def test_a_changed_byte_under_a_seal_is_noticed(plain: bytes, data: st.DataObject) -> None:
    name, _, body = FIXED.seal("totp", plain).partition(".")
    raw = bytearray(base64.urlsafe_b64decode(body + "=="))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadSeal):
        FIXED.unseal("totp", f"{name}.{base64.urlsafe_b64encode(raw).decode()}")


def test_a_seal_hides_what_is_in_it_and_is_never_the_same_twice() -> None:
    first, second = FIXED.seal("totp", b"marzipan"), FIXED.seal("totp", b"marzipan")
    assert first != second
    assert b"marzipan" not in base64.urlsafe_b64decode(first.partition(".")[2] + "==")


def test_a_signature_alone_is_of_its_text_and_purpose() -> None:
    mac = FIXED.mac("audit", "a row")
    assert FIXED.made("audit", "a row", mac)
    assert not FIXED.made("audit", "another row", mac)
    assert not FIXED.made("device", "a row", mac)
    assert FIXED.unsign("audit", f"a row.{mac}") is None


def test_a_rotation_makes_a_new_key_and_keeps_what_the_old_one_made(tmp_path: Path) -> None:
    keys, running = kept_in(tmp_path), kept_in(tmp_path)
    signed, sealed, mac = keys.sign("device", "x"), keys.seal("totp", b"x"), keys.mac("audit", "x")
    old = keys.fingerprints()
    keys.rotate()
    keys.rotate()
    # Another process reads the file anew without being told.
    assert running.fingerprints() == keys.fingerprints()
    assert running.fingerprints()[2:] == old
    assert len(set(running.fingerprints())) == 3
    assert running.unsign("device", signed) == "x"
    assert running.unseal("totp", sealed) == b"x"
    assert running.made("audit", "x", mac)
    assert running.sign("device", "x") != signed
    assert running.seal("totp", b"x").partition(".")[0] == running.fingerprints()[0]
    assert (tmp_path / "secret.keys").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.keys"]


def test_a_key_that_was_dropped_reads_no_more(tmp_path: Path) -> None:
    keys = kept_in(tmp_path)
    signed, sealed = keys.sign("device", "x"), keys.seal("totp", b"x")
    keys.rotate()
    file = tmp_path / "secret.keys"
    file.write_text(file.read_text().splitlines()[0])
    assert keys.unsign("device", signed) is None
    with pytest.raises(BadSeal, match="not here"):
        keys.unseal("totp", sealed)


def test_the_first_run_makes_a_key_of_256_bits_for_its_owner_alone(build: Build) -> None:
    keys = front_desk(build()).keys
    assert keys.file is not None
    assert keys.file.path.stat().st_mode & 0o777 == 0o600
    (key,) = parse_keys(keys.file.path.read_text())
    assert len(key) == 32
    assert front_desk(build("classic")).keys.fingerprints() == keys.fingerprints()


MAKE = "import sys; from vestibule.cli import main; main(['keys', 'list'])"


def test_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    environment = {"VESTIBULE_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-c", MAKE]
    made = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert len({process.communicate(timeout=60)[0] for process in made}) == 1
    assert [process.returncode for process in made] == [0, 0, 0]


def test_threads_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    for number in range(20):
        with ThreadPoolExecutor(8) as pool:
            folders = [tmp_path / str(number)] * 8
            seen = {keys.fingerprints()[0] for keys in pool.map(kept_in, folders)}
        assert len(seen) == 1


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    kept_in(tmp_path)
    (tmp_path / "secret.keys").chmod(0o640)
    with pytest.raises(BadSetting, match=r"can be read by others .*chmod 600"):
        kept_in(tmp_path)


@pytest.mark.parametrize("text", ["", "\n", "abc", "0" * 64, KEYS[0][1:].hex(), "not a key é"])
def test_a_file_without_good_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret.keys"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(BadSetting, match=r"secret\.keys: .*openssl rand -hex 32"):
        kept_in(tmp_path)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_text("spoilt")])
def test_a_file_that_is_lost_or_spoilt_stops_nobody_who_runs(tmp_path: Path, spoil: object) -> None:
    keys = kept_in(tmp_path)
    signed = keys.sign("device", "x")
    assert callable(spoil)
    spoil(tmp_path / "secret.keys")
    assert keys.unsign("device", signed) == "x"


@pytest.mark.parametrize(
    "write", [bytes.hex, lambda key: base64.b64encode(key).decode(), secrets.token_urlsafe]
)
def test_an_operator_gives_keys_in_hexadecimal_or_base64(write: object, tmp_path: Path) -> None:
    assert callable(write)
    text = "\n".join(write(key if write is not secrets.token_urlsafe else 32) for key in KEYS)
    keys = Keys.open(load(data=tmp_path, secret_key=SecretStr(text)))
    assert len(set(keys.fingerprints())) == 3
    assert not (tmp_path / "secret.keys").exists()
    signed = Keys.open(load(secret_key=SecretStr(text.split()[2]))).sign("device", "x")
    assert keys.unsign("device", signed) == "x"


def test_an_operators_file_holds_several_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEYS[1].hex()}\n{KEYS[0].hex()}\n")
    monkeypatch.setenv("VESTIBULE_SECRET_KEY_FILE", str(file))
    assert Keys.open(load()).unsign("device", FIXED.sign("device", "x")) == "x"


def test_a_short_key_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_SECRET_KEY", "marzipan")
    with pytest.raises(BadSetting, match=r"secret_key \(VESTIBULE_SECRET_KEY\).* 256") as refused:
        load()
    assert "marzipan" not in str(refused.value)
