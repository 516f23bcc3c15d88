"""FLAN-T5-large's encoder over 64 tokens, as transformers has it, with random weights."""

import torch
from transformers import T5Config, T5EncoderModel

LENGTH = 64


def cases(dtype, seconds):
    torch.manual_seed(1)
    config = T5Config(
        vocab_size=32128, d_model=1024, d_kv=64, d_ff=2816, num_layers=24, num_heads=16, feed_forward_proj="gated-gelu",
        dropout_rate=0.0)
    encoder = T5EncoderModel(config).to(dtype).eval()
    ids = (3 + torch.arange(LENGTH) % 200).unsqueeze(0)
    mask = torch.ones_like(ids)
    return {"text encoder": lambda: encoder(input_ids=ids, attention_mask=mask).last_hidden_state}
