#!/usr/bin/env bash
# The same loop with curl alone, call by call: ask, record, give feedback, ask again.
#
#     ./agent.sh
set -euo pipefail

slot="${MEMHOST_URL:-http://127.0.0.1:4780}/v1/slots/help-desk"
key=(${MEMHOST_KEY:+--header "Authorization: Bearer $MEMHOST_KEY"})

# One call; a second argument is the body of a POST. It is tried again after 429, 503 and lost connections, which is safe.
call() {
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused "${key[@]}" "$slot/$1" ${2:+--json "$2"}
  echo
}

# A field of an answer, a string or a number.
field() {
  sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

echo "ask: what is known about this?"
told=$(call retrieve '{"task": {"text": "I was charged twice for my order, please refund one of them"}}')
echo "$told"
attempt=$(field attempt <<< "$told")

echo "record: what was done about it"
call record '{
  "attempt": "'"$attempt"'",
  "messages": [
    {"role": "user", "content": "I was charged twice for my order, please refund one of them"},
    {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
      "function": {"name": "refund_charge", "arguments": "{\"ticket\": 1}"}}]},
    {"role": "tool", "tool_call_id": "1", "content": "done"},
    {"role": "assistant", "content": "One of the charges is refunded."}
  ]
}'

echo "feedback: how that went, which is known later"
kept=$(call feedback '{"attempt": "'"$attempt"'", "outcome": {"verdict": "success"}}')
echo "$kept"

echo "ask again: the next customer, when all that has been learnt"
call retrieve '{
  "task": {"text": "There are two charges for one order, please refund the second"},
  "after": '"$(field sequence <<< "$kept")"'
}'

echo "explain: why the first customer was told what they were told"
call "attempts/$attempt/why"
