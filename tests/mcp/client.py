"""An agent whose memory is reached with the official Python client of MCP.

    client.py VERSION http URL
    client.py VERSION stdio PROGRAM ARGUMENT...

VERSION is what the client speaks: `auto` or `legacy`. In the middle it prints `restart` and waits for a line: whoever runs
it starts the server anew meanwhile. The same client goes on, and prints `done`.
"""

import asyncio
import sys

from mcp import Client, StdioServerParameters


def server(kind, *where):
    match kind:
        case "http":
            return where[0]
        case "stdio":
            import os

            return StdioServerParameters(command=where[0], args=list(where[1:]), env=dict(os.environ))
    raise SystemExit(f"`{kind}` is neither `http` nor `stdio`")


async def use(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    [content] = result.content
    assert result.structured_content is None, result
    return content.text, bool(result.is_error)


async def recall(client, task):
    text, refused = await use(client, "recall", task=task)
    assert not refused, text
    first = text.splitlines()[0]
    assert first.startswith("Attempt: "), text
    return first.removeprefix("Attempt: "), text


async def learnt(client, task, words):
    """Recalls until what was recorded is learnt."""
    for _ in range(100):
        attempt, text = await recall(client, task)
        if words in text:
            return attempt
        await asyncio.sleep(0.1)
    raise AssertionError(f"{words!r} is not recalled: {text}")


async def main(version, *where):
    async with Client(server(*where), mode=version) as client:
        assert client.server_info.name == "memhost", client.server_info
        assert len(client.instructions.splitlines()) == 5, client.instructions
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["recall", "record", "feedback", "explain"], tools
        assert tools["recall"].annotations.read_only_hint is True
        assert tools["record"].annotations.destructive_hint is False

        attempt, _ = await recall(client, "refund a customer who was charged twice")
        steps = [
            {"actor": "action", "name": "list_charges", "text": "{}"},
            {"actor": "observation", "text": "two charges of 10"},
        ]
        text, refused = await use(
            client, "record", attempt=attempt, outcome="success", answer="refunded the second charge", steps=steps
        )
        assert not refused and attempt in text, text
        attempt = await learnt(client, "a customer was charged twice", "list_charges")

        print("restart", flush=True)
        await asyncio.to_thread(sys.stdin.readline)

        text, refused = await use(
            client, "feedback", attempt=attempt, verdict="failure", score=0.25, reason="the wrong charge"
        )
        assert not refused and "credited" in text, text
        text, refused = await use(client, "explain", attempt=attempt)
        assert not refused and "Outcome: failure, score 0.25: the wrong charge" in text, text
        await learnt(client, "another customer was charged twice", "list_charges")
        assert len((await client.list_tools(cache_mode="bypass")).tools) == 4
        text, refused = await use(client, "explain", attempt="of-nobody")
        assert refused and text.startswith("no-such-attempt: "), text
        text, refused = await use(client, "recall", task="one", moment="noon")
        assert refused and "moment" in text, text
    print("done", flush=True)


asyncio.run(main(*sys.argv[1:]))
