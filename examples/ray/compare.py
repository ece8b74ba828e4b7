"""Compares memory strategies on a Ray cluster: each shard of the comparison is a task, and one report comes of all.

Without --address, it starts a cluster of two nodes on this machine. Everything after `--` is handed to
`memhost compare`:

    python compare.py --shards 4 --output results -- rag recency --suite evidence --seeds 5
"""

import argparse
import os
import pathlib
import subprocess
import sys

import ray
from ray.cluster_utils import Cluster


@ray.remote(num_cpus=1, scheduling_strategy="SPREAD", max_retries=2, retry_exceptions=True)
def run_shard(memhost: str, arguments: list[str], shard: int, of: int, output: str) -> str:
    """Runs one shard into a directory of its own, and says on which node. A shard that is tried again goes on where
    it was."""
    command = [memhost, "compare", *arguments, "--jobs", "1"]
    command += ["--shard", f"{shard}/{of}", "--output", f"{output}/{shard}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"shard {shard}/{of} failed: {done.stderr}")
    return ray.get_runtime_context().get_node_id()


def two_nodes() -> Cluster:
    """A cluster of two nodes on this machine, with a processor each. Each is a set of processes of its own."""
    node = {"num_cpus": 1, "object_store_memory": 80 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    cluster.wait_for_nodes()
    return cluster


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memhost", default="memhost", help="the program; every node needs it at this path")
    parser.add_argument("--shards", type=int, default=4, help="how many tasks share the comparison")
    parser.add_argument("--output", required=True, help="a directory that every node sees")
    parser.add_argument("--address", help="a Ray cluster that is there already, as in `auto`")
    parser.add_argument("arguments", nargs="+", help="what `memhost compare` takes, after `--`")
    options = parser.parse_args()
    if options.shards < 1:
        parser.error("--shards must be at least 1")

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    cluster = None if options.address else two_nodes()
    ray.init(address=options.address or cluster.address)
    try:
        output = str(pathlib.Path(options.output).absolute())
        shards = range(1, options.shards + 1)
        tasks = [
            run_shard.remote(options.memhost, options.arguments, shard, options.shards, output) for shard in shards
        ]
        for shard, node in zip(shards, ray.get(tasks)):
            print(f"shard {shard}/{options.shards} ran on node {node[:8]}", file=sys.stderr)
    finally:
        ray.shutdown()
        if cluster:
            cluster.shutdown()
    parts = [f"{output}/{shard}" for shard in shards]
    return subprocess.run([options.memhost, "report", *parts, "--output", f"{output}/all"]).returncode


if __name__ == "__main__":
    sys.exit(main())
