"""The artifact: a folder with everything a trained model is, and two fingerprints.

    artifact.json     shape, tags, thresholds, calibration, metrics, SHA-256 of every file
    weights.npz       the Keras weights, to train on from here
    tokenizer.json    cleaning, pieces, ids
    image.xml .bin    pixels → vector, half, tags   (exported graph)
    text.xml .bin     tokens → vector, half, tags
    head.npz          the rest of the match head
    words.txt         stems of the words that training met (older models have none)
    heads-….npz       what corrections have changed of the heads (only after a refit)
    refits/           artifact.json as it was before each refit: the way back

The fingerprint is of all of it, the metrics left out. The embedding fingerprint is of what makes
vectors and halves, so that an index outlives a change of scoring or thresholds.

Nothing in it is a pickle, and nothing is read before its checksum has been compared.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec

from encoder.known import FILE as WORDS
from encoder.scoring import Scoring
from encoder.tagging import Tagging
from errors import ModelError

SCHEMA = 1
JSON = "artifact.json"
FILES = (
    "weights.npz",
    "tokenizer.json",
    "image.xml",
    "image.bin",
    "text.xml",
    "text.bin",
    "head.npz",
)
# Those that decide what an image or a text is embedded as.
EMBEDDING_FILES = ("tokenizer.json", "image.xml", "image.bin", "text.xml", "text.bin")
_TRAIN = "run `pairdex train`"


class Refit(msgspec.Struct, frozen=True, kw_only=True):
    """What corrections have made of the trained heads, see heads.py."""

    file: str  # of the artifact
    number: int  # counts the refits of this model that are in force
    digest: str  # of all answers and judgements that were known then
    turn: int  # the last of those answers
    answers: int  # corrections of tags that were learnt from
    pairs: int  # judged pairs that were learnt from
    created: str


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """artifact.json as it is."""

    schema: int = SCHEMA
    shape: dict[str, Any]  # encoder.network.NetworkShape
    image_size: int
    max_tokens: int
    vocabulary: int
    shared: int
    width: int
    tags: list[str]
    thresholds: list[float]
    scoring: Scoring
    tagging: Tagging | None = None  # older models give tags by their thresholds
    refit: Refit | None = None
    recipe: dict[str, Any]
    metrics: dict[str, Any]
    files: dict[str, str] = {}
    fingerprint: str = ""

    @property
    def embedding_fingerprint(self) -> str:
        """Equal where every vector and every half is equal: what caches and indexes go by."""
        parts = [self.files[name] for name in EMBEDDING_FILES]
        parts += [str(self.image_size), str(self.max_tokens)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def seal(folder: Path, artifact: Artifact) -> Artifact:
    """Write artifact.json over the finished files of `folder`; returns it with its fingerprint."""
    names = [*FILES, *([WORDS] if (folder / WORDS).exists() else [])]
    names += [artifact.refit.file] if artifact.refit is not None else []
    files = {name: sha256(folder / name) for name in names}
    artifact = msgspec.structs.replace(artifact, files=files, fingerprint="")
    fingerprint = _fingerprint(msgspec.json.encode(artifact))
    artifact = msgspec.structs.replace(artifact, fingerprint=fingerprint)
    text = msgspec.json.format(msgspec.json.encode(artifact), indent=2)
    partial = folder / f"{JSON}.part"  # who reads meanwhile reads the old one or the new
    partial.write_bytes(text)
    partial.replace(folder / JSON)
    return artifact


def install(built: Path, target: Path) -> None:
    """Put a sealed folder in the place of the artifact; a reader sees the old one or the new.

    The old one stays beside it until `retire`: an index that was built with it goes on serving.
    """
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        # Trained twice since the last build of the index: it is the first that serves.
        target.replace(old if previous(target).exists() else previous(target))
    built.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def previous(folder: Path) -> Path:
    """Where the artifact before this one is kept while its index serves."""
    return folder.with_name(folder.name + ".previous")


def retire(folder: Path) -> None:
    """An index of this artifact is live: the one before it is not needed any more."""
    shutil.rmtree(previous(folder), ignore_errors=True)


def load(folder: Path) -> Artifact:
    """The artifact of a folder, every checksum compared."""
    file = folder / JSON
    if not file.is_file():
        raise ModelError(f"no trained model at {folder}", "there is no artifact.json", _TRAIN)
    try:
        written = file.read_bytes()
        artifact = msgspec.json.decode(written, type=Artifact)
    except (msgspec.DecodeError, OSError) as error:
        raise ModelError(f"{file} cannot be read", str(error), _TRAIN) from None
    if artifact.schema != SCHEMA:
        raise ModelError(
            f"{folder} has artifact format {artifact.schema}",
            f"this program reads format {SCHEMA}",
            _TRAIN,
        )
    if artifact.fingerprint != _fingerprint(written):
        raise ModelError(f"{file} is damaged", "its fingerprint does not fit", _TRAIN)
    for name in dict.fromkeys([*FILES, *artifact.files]):
        try:
            fits = artifact.files.get(name) == sha256(folder / name)
        except OSError:
            raise ModelError(f"{folder / name} is missing", "", _TRAIN) from None
        if not fits:
            raise ModelError(f"{folder / name} is damaged", "its checksum differs", _TRAIN)
    if len(artifact.tags) != len(artifact.thresholds):
        raise ModelError(f"{file} contradicts itself", "tags and thresholds differ", _TRAIN)
    if artifact.tagging is not None and len(artifact.tagging.priors) != len(artifact.tags):
        raise ModelError(f"{file} contradicts itself", "tags and their priors differ", _TRAIN)
    return artifact


def _fingerprint(written: bytes) -> str:
    """Of everything but the metrics, which say how good the model is and not what it answers.

    Of the text as it was written: a field that the program learns later changes no older artifact.
    """
    raw: dict[str, Any] = msgspec.json.decode(written) | {"metrics": {}, "fingerprint": ""}
    parts = {
        name: msgspec.Raw(
            msgspec.json.encode(value, order=None if name == "scoring" else "deterministic")
        )
        for name, value in raw.items()
    }
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
