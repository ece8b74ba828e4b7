"""Runs the example on a cluster of two nodes, and the same comparison without a cluster: both must find the same.

    python test.py PATH_TO_MEMHOST
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SHARDS = 4
COMPARISON = ["rag", "recency", "--suite", str(HERE.parent / "suite.jsonl"), "--seeds", "3", "--orders", "2"]
# What tells one run from another: times, a name, and how many cells ran at a time.
OF_THE_RUN = {"run", "jobs", "retrieve_p50_ms", "retrieve_p95_ms", "wall_seconds", "latency"}


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return done.stderr


def found(directory: pathlib.Path):
    """The report without what tells one run from another."""

    def timeless(value):
        if isinstance(value, dict):
            return {name: timeless(part) for name, part in value.items() if name not in OF_THE_RUN}
        return [timeless(part) for part in value] if isinstance(value, list) else value

    return timeless(json.loads((directory / "results.json").read_text()))


def main() -> None:
    memhost = str(pathlib.Path(sys.argv[1]).absolute())
    with tempfile.TemporaryDirectory() as home:
        cluster, alone = pathlib.Path(home, "cluster"), pathlib.Path(home, "alone")
        example = [sys.executable, str(HERE / "compare.py"), "--memhost", memhost, "--shards", str(SHARDS)]
        example += ["--output", str(cluster), "--", *COMPARISON]
        ran = re.findall(r"shard (\d)/4 ran on node (\w+)", run(example))
        assert [int(shard) for shard, _ in ran] == list(range(1, SHARDS + 1)), ran
        assert len({node for _, node in ran}) == 2, f"not both nodes took part: {ran}"

        run([memhost, "compare", *COMPARISON, "--output", str(alone)])
        assert found(cluster / "all") == found(alone), "the cluster found something else"

        # A part that was lost is run again, and nothing else is: the other cells keep the time at which they were written.
        cells = sorted((cluster / "2" / "cells").iterdir())
        times = {cell: cell.stat().st_mtime_ns for cell in cells}
        cells[0].unlink()
        run(example)
        again = {cell for cell in cells if cell.stat().st_mtime_ns != times[cell]}
        assert again == {cells[0]}, again
    print(f"{SHARDS} shards on 2 nodes found what one run finds")


if __name__ == "__main__":
    main()
