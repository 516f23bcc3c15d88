"""AudioLDM's HiFi-GAN over 4 s of log-mel, as transformers has it, with random weights."""

import torch
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig


def cases(dtype, seconds):
    torch.manual_seed(1)
    config = SpeechT5HifiGanConfig(
        model_in_dim=64, sampling_rate=16_000, upsample_initial_channel=1024, upsample_rates=[5, 4, 2, 2, 2],
        upsample_kernel_sizes=[16, 16, 8, 4, 4], normalize_before=False)
    vocoder = SpeechT5HifiGan(config).to(dtype).eval()
    mel = torch.randn(1, 400, 64).to(dtype)
    return {"vocoder": lambda: vocoder(mel)}
