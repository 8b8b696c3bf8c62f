"""The model that ships with the project: whole, so that `tag` and `search` work at once.

    encoder/base/
    ├── artifact.json     what it is, and the checksums of the others
    ├── weights.npz       all weights in half precision; training starts from its backbone
    ├── tokenizer.json
    └── words.txt

`pack` makes it from a trained home, `unpack` gives it to a home that has no model yet. The graphs
that the runtime loads are not shipped, they would double its size: `unpack` makes them anew.
That needs Keras, so commands that must stay light run this file as a program:

    python -m training.shipped unpack HOME
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from db.home import Home, writing
from encoder import artifact as artifacts
from encoder.known import FILE as WORDS
from encoder.network import NetworkShape, build_network, set_network_weights
from encoder.weights import BASE_FOLDER, read_arrays
from errors import ModelError, PairdexError
from training.export import export_graphs

COPIED = ("tokenizer.json", WORDS)
PACKED = ("weights.npz", *COPIED)
MOST_BYTES = 16_000_000


def pack(artifact: Path, target: Path = BASE_FOLDER) -> int:
    """Write the shipped form of a trained artifact; returns its size in bytes."""
    made = artifacts.load(artifact)
    if made.refit is not None:
        raise ModelError(
            "a refitted model does not ship", "its heads were corrected by answers of one home",
            "run `pairdex refit --undo`",
        )  # fmt: skip
    target.mkdir(parents=True, exist_ok=True)
    arrays = read_arrays(artifact / "weights.npz")
    if not _holds(target / "weights.npz", arrays):  # equal weights stay the same file
        with (target / "weights.npz").open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
    for name in COPIED:
        shutil.copyfile(artifact / name, target / name)
    files = {name: artifacts.sha256(target / name) for name in PACKED}
    bare = msgspec.structs.replace(made, files=files, fingerprint="")
    text = msgspec.json.format(msgspec.json.encode(bare), indent=2)
    (target / artifacts.JSON).write_bytes(text)
    size = sum((target / name).stat().st_size for name in (*PACKED, artifacts.JSON))
    if size > MOST_BYTES:
        raise ModelError(f"the packed model has {size} bytes", f"{MOST_BYTES} are the most")
    return size


def unpack(home: Home, source: Path = BASE_FOLDER) -> artifacts.Artifact:
    """Make the shipped model the model of a home, as if it had been trained there."""
    file = source / artifacts.JSON
    try:
        bare = msgspec.json.decode(file.read_bytes(), type=artifacts.Artifact)
        sound = all(artifacts.sha256(source / name) == bare.files[name] for name in PACKED)
    except (OSError, KeyError, msgspec.DecodeError) as error:
        raise ModelError("no model ships with this installation", str(error), _TRAIN) from None
    if not sound:
        raise ModelError(f"the model in {source} is damaged", "a checksum differs", _TRAIN)
    network = build_network(NetworkShape(**bare.shape))
    set_network_weights(network, read_arrays(source / "weights.npz"))
    home.create()
    with home.locked("unpacking the shipped model"):
        built = home.path / ".artifact"
        with writing(built):
            shutil.rmtree(built, ignore_errors=True)
            built.mkdir()
            export_graphs(network, built)
            for name in COPIED:
                shutil.copyfile(source / name, built / name)
            sealed = artifacts.seal(built, bare)
            artifacts.install(built, home.artifact)
    return sealed


def _holds(file: Path, arrays: dict[str, np.ndarray]) -> bool:
    if not file.is_file():
        return False
    there = read_arrays(file)
    return there.keys() == arrays.keys() and all(
        np.array_equal(there[name], array) for name, array in arrays.items()
    )


_TRAIN = "run `pairdex train`"


def main(arguments: Sequence[str] | None = None) -> int:
    verb, folder = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        if verb == "pack":
            sys.stdout.write(f"{pack(Path(folder) / 'artifact')} bytes\n")
        else:
            unpack(Home(Path(folder)))
    except PairdexError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
