"""Runs a genuine llama.cpp server on a loopback port, for tests and for trying Claviger by hand.

usage: LLAMA_API_KEY=... llama_server.py [--port PORT] [--model FILE.gguf] [--alias NAME]

Prints `listening on http://127.0.0.1:PORT` when it answers, and ends when its standard input ends, so that
it never outlives the test that started it. Without --model it writes the tiny model of tiny_model.py.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import xllamacpp

import tiny_model


def main():
    arguments = parse_arguments()
    key = os.environ.get("LLAMA_API_KEY")
    if not key:
        sys.exit("Set LLAMA_API_KEY to the key that the server should ask for.")
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or write_tiny_model(folder)
        server = xllamacpp.Server(parameters(arguments, model, key))
        print(f"listening on {server.listening_address}", flush=True)
        sys.stdin.read()
    # The server's threads have nothing to save, and their orderly end takes seconds.
    os._exit(0)


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--alias", default="tiny-bigram")
    return parser.parse_args()


def write_tiny_model(folder):
    model = Path(folder) / "tiny.gguf"
    tiny_model.main(model)
    return model


def parameters(arguments, model, key):
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(model)
    wanted.model_alias = {arguments.alias}
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = arguments.port
    wanted.api_keys = [key]
    wanted.n_ctx = 4096
    wanted.n_parallel = 2
    wanted.n_gpu_layers = 0
    wanted.cpuparams.n_threads = 1
    wanted.cpuparams_batch.n_threads = 1
    wanted.use_jinja = True
    wanted.ui = False
    wanted.warmup = False
    wanted.verbosity = 0
    return wanted


if __name__ == "__main__":
    main()
