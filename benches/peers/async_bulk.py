#!/usr/bin/env python3
"""elasticsearch-py's async_bulk with packed vectors: fills an index, prints figures as JSON.

    async_bulk.py URL INDEX DOCUMENTS CHUNK
"""

import asyncio
import base64
import json
import sys
import time

import numpy
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

DIMS = 384
WORDS = ["forklift", "pallet", "desk", "lamp", "kettle", "robot", "conveyor", "shelf"]
BLOCK = 10_000


def actions(index: str, count: int):
    """Documents like those of `sidecar/bulk/examples/load.rs`; vectors are made in blocks, fast."""
    chance = numpy.random.default_rng(1)
    for start in range(0, count, BLOCK):
        vectors = chance.standard_normal((min(BLOCK, count - start), DIMS), dtype=numpy.float32)
        vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
        packed = vectors.astype(">f4")
        for row in range(len(packed)):
            number = start + row
            first, second = WORDS[number % 8], WORDS[(number // 8) % 8]
            yield {
                "_index": index,
                "_id": f"{number:016x}",
                "asset_id": f"{number:016x}",
                "name": f"{first}_{number}",
                "pack": second,
                "tags": [first, second],
                "description": f"A {first} from the pack {second}; 0.01 metres per unit",
                "size_bytes": number,
                "text_embedding": base64.b64encode(packed[row].tobytes()).decode(),
            }


async def main() -> None:
    url, index, count, chunk = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    begin, cpu = time.perf_counter(), time.process_time()
    async with AsyncElasticsearch(url, request_timeout=120) as client:
        written, errors = await async_bulk(client, actions(index, count), chunk_size=chunk, stats_only=True)
    assert (written, errors) == (count, 0), (written, errors)
    print(json.dumps({"documents": count, "secs": time.perf_counter() - begin, "cpu_secs": time.process_time() - cpu}))


asyncio.run(main())
