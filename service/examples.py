"""Examples of OpenAPI: from a catalog of drawn creatures. A test holds each against its schema."""

from __future__ import annotations

from typing import Any

Example = dict[str, Any]

SEARCH: Example = {"text": "fire-type lizard", "where": "height < 2", "top": 5}
HIT: Example = {
    "rank": 1,
    "id": "c000723",
    "name": "Blazegora",
    "image": "/v1/items/c000723/image",
    "thumbnail": "/v1/items/c000723/thumbnail",
    "caption": "Medium-sized jet-black fire-type lizard in the sky, with wide open eyes.",
    "score": 0.978,
    "tags": ["fire", "black", "plain", "lizard", "sky"],
    "attributes": {"type": "fire", "height": 1.22, "discovered": "2009-03-20"},
    "channels": {"image": 1, "caption": 5, "words": 2},
    "group": [],
    "explanation": None,
}
FOUND: Example = {
    "schema": "pairdex.search.v1",
    "query": "fire-type lizard",
    "generation": "000001",
    "took_ms": 9.8,
    "no_match": False,
    "results": [HIT],
    "threshold": 0.199,
    "cursor": "-nwdsZUBpjAwMDAwMbAyOWQxMGFlNTk3MTU3MWYyAZQAAgLD",
    "candidates": 265,
    "unknown": [],
    "corrected": "",
    "suggestion": "",
    "notes": [],
    "nearest": [],
}
COMPLETIONS: Example = {
    "text": "fire liz",
    "completions": [{"text": "lizard", "kind": "tag", "start": 5, "end": 8, "items": 108}],
}
ITEM: Example = {
    "id": "c000723",
    "name": "Blazegora",
    "captions": [{"text": "A jet-black fire-type lizard in the sky.", "language": "en"}],
    "tags": ["fire", "black", "lizard"],
    "attributes": {"type": "fire", "height": 1.22},
    "split": "train",
    "width": 256,
    "height": 256,
    "bytes": 19710,
    "format": "JPEG",
    "image": "/v1/items/c000723/image",
    "thumbnail": "/v1/items/c000723/thumbnail",
    "indexed": True,
}
ITEMS: Example = {"items": [ITEM], "total": 1025, "after": "c000723"}
FIELDS: Example = {
    "schema": "pairdex.catalog-fields.v1",
    "fields": [
        {
            "name": "height",
            "kind": "number",
            "builtin": False,
            "items": 1025,
            "values": 310,
            "lowest": 0.1,
            "highest": 9.8,
            "top": [],
        }
    ],
}
TAGS: Example = {
    "schema": "pairdex.tag.v1",
    "generation": "000001",
    "images": [
        {
            "path": "beetle.jpg",
            "error": None,
            "tags": [{"tag": "beetle", "score": 0.983, "key": "beetle"}],
            "captions": [{"id": "c000984", "caption": "A huge six-legged insect.", "score": 0.713}],
            "nearest": [{"id": "c000327", "score": 0.78}],
            "label": [],
            "status": "tagged",
            "content": "b7e8d83d9e8a4afe6d55ee4d77260c6e0858f49634ce34c71fd602b8f5da7459",
            "hashtags": "",
            "written": [],
        }
    ],
    "report": {
        "tagged": 1,
        "unchanged": 0,
        "failed": 0,
        "others": 0,
        "repeated": 0,
        "written": {},
        "dry_run": False,
        "run": None,
        "seconds": 0.031,
        "images_per_second": 32.3,
    },
}
RECORDS: Example = {
    "schema": "pairdex.record.v1",
    "images": [
        {
            "path": "shelf.jpg",
            "error": None,
            "known": True,
            "product": "Corn Flakes 500 g",
            "probability": 0.96,
            "candidates": [{"product": "Corn Flakes 500 g", "probability": 0.96}],
            "items": ["g0001-0"],
            "name": "Corn Flakes",
            "attributes": {"brand": "Morning"},
            "tables": {},
            "promotions": [],
            "day": "2026-11-26",
            "timezone": "UTC",
        }
    ],
}
