"""Writes a language model of a few megabytes that a genuine llama.cpp server can load.

usage: tiny_model.py FILE.gguf

It is a bigram model dressed as a llama: embeddings are one-hot, attention and feed-forward add nothing,
and the output matrix holds the log-probability of each token after each other one. So it speaks the
sentences below in a fresh order, stops after a full stop, and closes the quotes and braces it opens when
a grammar makes it write JSON. It needs no training and answers in milliseconds.
"""

import re
import sys
from pathlib import Path

import gguf
import numpy as np

SENTENCES = """
The key is sealed. The key was accepted by the provider. The model is ready.
A sealed key opens for one destination only. The provider answers in JSON. One key serves one organization.
The organization keeps the key. The destination is checked before the key is opened. Every model has a price.
"""
UNKNOWN, START, END = 0, 1, 2
SPECIALS = ["<unk>", "<s>", "</s>"]
FIRST_BYTE = len(SPECIALS)
CONTEXT_TOKENS = 4096
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:\n{% endif %}"
)


def main(path):
    sentences = [re.findall(r"\w+|\.", sentence) for sentence in re.findall(r"[^.]+\.", SENTENCES)]
    words = sorted({word for sentence in sentences for word in sentence if word != "."})
    tokens = SPECIALS + [f"<0x{byte:02X}>" for byte in range(256)] + ["\u2581" + word for word in words]
    write(path, tokens, bigram_logits(tokens, sentences))


def bigram_logits(tokens, sentences):
    """The logit of every token (column) after every token (row)."""
    id_of = {token: index for index, token in enumerate(tokens)}
    word = lambda text: byte_id(".") if text == "." else id_of["\u2581" + text]
    starts = [word(sentence[0]) for sentence in sentences]
    logits = np.zeros((len(tokens), len(tokens)), dtype=np.float32)
    logits[:, [UNKNOWN, START]] = -20
    # Whatever a grammar forces, the shortest way out of it is the likeliest.
    logits[:, [byte_id(mark) for mark in '"}],:']] = 4
    logits[:, END] = 3
    logits[:, starts] = 5
    for sentence in sentences:
        for before, after in zip(sentence, sentence[1:]):
            logits[word(before), word(after)] += 8
    logits[byte_id("."), byte_id('"')] = 12
    logits[byte_id("."), END] = 12
    return logits


def byte_id(character):
    return FIRST_BYTE + ord(character)


def write(path, tokens, logits):
    size = len(tokens) + len(tokens) % 2  # one dimension a token; one head, whose size must be even
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Claviger tiny bigram")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(size)
    writer.add_block_count(1)
    writer.add_feed_forward_length(size)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(len(tokens))
    add_tokenizer(writer, tokens)

    embeddings = np.eye(len(tokens), size, dtype=np.float32)
    output = np.zeros((len(tokens), size), dtype=np.float32)
    # RMS norm turns a one-hot vector into one of height sqrt(size): divide it out again.
    output[:, : len(tokens)] = logits.T / np.sqrt(size)
    nothing = np.zeros((size, size), dtype=np.float16)
    ones = np.ones(size, dtype=np.float32)
    writer.add_tensor("token_embd.weight", embeddings.astype(np.float16))
    writer.add_tensor("output_norm.weight", ones)
    writer.add_tensor("output.weight", output.astype(np.float16))
    for norm in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{norm}.weight", ones)
    for part in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{part}.weight", nothing)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer, tokens):
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256
    kinds += [gguf.TokenType.NORMAL] * (len(tokens) - len(kinds))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(START)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
