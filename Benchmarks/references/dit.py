"""The blocks of STDiT3, written the plain way: linear layers, layer_norm without gains and modulation by products and sums,
root-mean-square norm of queries and keys, scaled_dot_product_attention, rotary positions along time, GELU (tanh).

2 pairs of spatial and temporal blocks of width 1152 with 16 heads over 2 x 20 frames of 304 tokens and 120 text tokens.
The time is that of these blocks; UniForm's has the embedders and the output as well, which works against it."""

import torch
from torch.nn import functional as F

CLIPS, FRAMES, TOKENS, TEXT, WIDTH, HEADS = 2, 20, 304, 120, 1152, 16
HEAD = WIDTH // HEADS


def rotate(x, cosines, sines):
    swapped = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
    return x * cosines + swapped * sines


def rms_norm(x, weight):
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * weight


class Block(torch.nn.Module):
    def __init__(self, temporal):
        super().__init__()
        self.temporal = temporal
        self.table = torch.nn.Parameter(torch.randn(6, WIDTH) / WIDTH**0.5)
        self.qkv = torch.nn.Linear(WIDTH, 3 * WIDTH)
        self.q_norm = torch.nn.Parameter(torch.ones(HEAD))
        self.k_norm = torch.nn.Parameter(torch.ones(HEAD))
        self.proj = torch.nn.Linear(WIDTH, WIDTH)
        self.q_linear = torch.nn.Linear(WIDTH, WIDTH)
        self.kv_linear = torch.nn.Linear(WIDTH, 2 * WIDTH)
        self.text_proj = torch.nn.Linear(WIDTH, WIDTH)
        self.fc1 = torch.nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = torch.nn.Linear(4 * WIDTH, WIDTH)

    def attend(self, x, cosines, sines):
        if self.temporal:
            x = x.transpose(1, 2)
        outer, inner, length, _ = x.shape
        q, k, v = self.qkv(x).reshape(outer * inner, length, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4)
        q, k = rms_norm(q, self.q_norm), rms_norm(k, self.k_norm)
        if self.temporal:
            q, k = rotate(q, cosines, sines), rotate(k, cosines, sines)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(outer, inner, length, WIDTH)
        return self.proj(y.transpose(1, 2) if self.temporal else y)

    def forward(self, x, time, keys, values, cosines, sines):
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.table + time).unsqueeze(2).unsqueeze(2).unbind(1)
        z = F.layer_norm(x, (WIDTH,), eps=1e-6) * (1 + scale1) + shift1
        x = x + gate1 * self.attend(z, cosines, sines)
        q = self.q_linear(x).reshape(CLIPS, -1, HEADS, HEAD).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, keys, values).transpose(1, 2).reshape(x.shape)
        x = x + self.text_proj(y)
        z = F.layer_norm(x, (WIDTH,), eps=1e-6) * (1 + scale2) + shift2
        return x + gate2 * self.fc2(F.gelu(self.fc1(z), approximate="tanh"))


def cases(dtype, seconds):
    torch.manual_seed(1)
    blocks = [Block(temporal).to(dtype) for temporal in (False, True, False, True)]
    x = torch.randn(CLIPS, FRAMES, TOKENS, WIDTH).to(dtype)
    time_rows = torch.randn(CLIPS, 6, WIDTH).to(dtype)
    text = torch.randn(CLIPS, TEXT, WIDTH).to(dtype)
    angles = torch.outer(torch.arange(FRAMES), 10_000.0 ** (-torch.arange(0, HEAD, 2) / HEAD)).repeat_interleave(2, 1)
    cosines, sines = angles.cos().to(dtype), angles.sin().to(dtype)
    # Keys and values of the text are computed once per clip, as in UniForm.
    pairs = [b.kv_linear(text).reshape(CLIPS, TEXT, 2, HEADS, HEAD).permute(2, 0, 3, 1, 4) for b in blocks]

    def run():
        y = x
        for block, (keys, values) in zip(blocks, pairs):
            y = block(y, time_rows, keys, values, cosines, sines)
        return y

    return {"transformer": run}
