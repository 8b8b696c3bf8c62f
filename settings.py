"""All settings, typed and frozen: config.toml < the home's config.toml < environment < flags.

Defaults live in config.toml alone; the classes below only say what each value may be. They
mirror its sections and keys one to one, and an unknown key or a wrong value is a SettingsError
that names the layer and the key.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from errors import SettingsError

Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Rate = Annotated[float, Meta(gt=0.0)]
Name = Annotated[str, Meta(min_length=1)]
Layer = dict[str, Any]

ENVIRONMENT_PREFIX = "PAIRDEX_"


class DbSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(pattern=r"^(postgresql(\+psycopg)?://.*)?$")]
    pool: Annotated[int, Meta(ge=1, le=1000)]
    timeout: Annotated[float, Meta(ge=0.0)]


class VectorsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    backend: Literal["faiss", "pgvector"]


class CatalogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    languages: Annotated[list[Annotated[str, Meta(pattern="^[a-z]{2}$")]], Meta(min_length=1)]
    split: Annotated[list[Share], Meta(min_length=3, max_length=3)]
    split_seed: int
    near_duplicate_bits: Annotated[int, Meta(ge=0, le=16)]
    max_caption_chars: Positive

    def __post_init__(self) -> None:
        if abs(sum(self.split) - 1.0) > 1e-6:
            raise ValueError("the three shares of `split` must add up to 1")


class EncoderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    backbone: Literal["efficientnetb0", "mobilenetv2", "resnet50", "vgg16", "densenet121", "tiny"]
    weights: Name
    image_size: Annotated[int, Meta(ge=32, le=1024)]
    pieces: Annotated[int, Meta(ge=300, le=100_000)]
    max_tokens: Annotated[int, Meta(ge=4, le=1024)]
    middle: bool
    palette: bool
    attention: bool
    past_lstm: bool
    words: Literal["plain", "stem", "lemma"]


class TrainingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: int
    epochs: Positive
    patience: Positive
    batch: Annotated[int, Meta(ge=2)]
    extra_images: Natural
    learning_rate: Rate
    weight_decay: Annotated[float, Meta(ge=0.0)]
    views: Positive
    finetune: bool
    finetune_epochs: Positive
    finetune_batch: Annotated[int, Meta(ge=2)]
    finetune_learning_rate: Rate
    finetune_lower: bool
    flip: bool
    rotation: Share
    zoom: Share
    shift: Share
    min_tag_items: Positive
    max_tags: Positive
    tag_weight: Annotated[float, Meta(ge=0.0)]
    focal: Annotated[float, Meta(ge=0.0)]
    balance: Share
    precision: Share
    made_up: bool
    synonyms: bool
    word_dropout: Share
    match_weight: Annotated[float, Meta(ge=0.0)]
    mined: Share
    contrast_weight: Annotated[float, Meta(ge=0.0)]
    contrast_temperature: Rate
    dropout: Annotated[float, Meta(ge=0.0, lt=1.0)]
    image_dropout: Annotated[float, Meta(ge=0.0, lt=1.0)]
    head_input: Literal["point", "branch"]
    product: str
    product_kind: str
    refuse: Share


class RuntimeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threads: Natural
    precision: Literal["auto", "f32", "bf16", "int8"]
    batch: Annotated[int, Meta(ge=1, le=1024)]


class IndexSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keep: Positive
    factory: Name
    recall: Share
    self_check: Natural
    engine: Literal["local", "ray"]
    ray_address: str
    shards: str


class SearchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    top: Positive
    shortlist: Positive
    no_match: Share
    group_bits: Annotated[int, Meta(ge=0, le=16)]
    group_cosine: Share


class TaggerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    precision: Annotated[float, Meta(ge=0.5, le=0.99)]
    vocabulary: str
    language: Annotated[str, Meta(pattern="^([a-z]{2})?$")]
    top_tags: Positive
    top_captions: Natural
    top_nearest: Natural
    shortlist: Positive
    hashtags: Positive
    hashtag_style: Literal["camel", "joined"]
    watch_settle: Rate
    watch_rescan: Rate


class LinksSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timeout: Rate
    deadline: Rate
    max_mb: Annotated[int, Meta(ge=1, le=2048)]
    redirects: Natural
    max_bad: Share
    timezone: Name


class ServiceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: Name
    port: Annotated[int, Meta(ge=0, le=65535)]
    batch: Annotated[int, Meta(ge=1, le=256)]
    queue: Positive
    timeout: Rate
    threads: Annotated[int, Meta(ge=1, le=64)]
    decoders: Annotated[int, Meta(ge=1, le=64)]
    drain: Rate
    refresh: Rate
    hosts: list[Name]
    proxies: list[Name]
    cors: list[Annotated[str, Meta(pattern="^https?://[^/*]+$")]]
    require_keys: bool
    rate: str
    max_upload_mb: Annotated[int, Meta(ge=1, le=1024)]
    max_pixels: Annotated[int, Meta(ge=10_000, le=100_000_000)]
    uploads: Positive
    body_timeout: Rate


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    db: DbSettings
    vectors: VectorsSettings
    catalog: CatalogSettings
    links: LinksSettings
    encoder: EncoderSettings
    training: TrainingSettings
    runtime: RuntimeSettings
    index: IndexSettings
    search: SearchSettings
    tagger: TaggerSettings
    service: ServiceSettings


def load_settings(
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Iterable[str] = (),
) -> Settings:
    """The settings that hold for `home`; `flags` are `section.key=value` strings."""
    environment = os.environ if environment is None else environment
    layers = [(str(defaults_file()), _read_toml(defaults_file()))]
    if home is not None and (home / "config.toml").is_file():
        layers.append((str(home / "config.toml"), _read_toml(home / "config.toml")))
    layers.append(("environment", _from_environment(environment)))
    layers.append(("--set", _from_flags(flags)))
    values: Layer = {}
    for name, layer in layers:
        # Checked after each layer, so that a mistake is laid at the door of its own layer.
        settings = _checked(_merge(values, layer), name)
    return settings


def defaults_file() -> Path:
    """config.toml beside this module; in an installed wheel it carries the project's name."""
    beside = Path(__file__).with_name("config.toml")
    return beside if beside.is_file() else Path(__file__).with_name("pairdex.config.toml")


def _checked(values: Layer, layer: str) -> Settings:
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingsError(
            f"{layer}: {path.rstrip('`') or 'settings'}",
            reason[0].lower() + reason[1:],
            "see config.toml for every key and its default",
        ) from None


def _merge(values: Layer, layer: Layer) -> Layer:
    """Lay one layer over the values, in place; a section must stay a section."""
    for section, keys in layer.items():
        if isinstance(keys, dict) and isinstance(values.get(section), dict):
            values[section].update(keys)
        else:
            values[section] = keys
    return values


def _read_toml(file: Path) -> Layer:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML", str(error), "mend the file") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read", str(error.strerror)) from None


def _from_environment(environment: Mapping[str, str]) -> Layer:
    layer: Layer = {}
    for name, value in sorted(environment.items()):
        # A double underscore marks a setting; PAIRDEX_HOME and its like are not settings.
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name:
            section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
            layer.setdefault(section, {})[key] = _parsed(value)
    return layer


def _from_flags(flags: Iterable[str]) -> Layer:
    layer: Layer = {}
    for flag in flags:
        path, equals, value = flag.partition("=")
        section, dot, key = path.strip().partition(".")
        if not (equals and dot and section and key):
            raise SettingsError(f"--set {flag}", "not of the form section.key=value")
        layer.setdefault(section, {})[key] = _parsed(value)
    return layer


def _parsed(value: str) -> Any:
    """A value as TOML reads it; what is no TOML value is a string, so quotes are not needed."""
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return value
