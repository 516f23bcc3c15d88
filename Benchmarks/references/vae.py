"""Open-Sora's video autoencoder with random weights: diffusers' AutoencoderKL, a few pictures at a time, and a causal
autoencoder along time in chunks of 17 frames, written the plain way."""

import torch
from diffusers import AutoencoderKL
from torch import nn
from torch.nn import functional as F

SIDE, CHUNK, AT_ONCE, RATE = 256, 17, 4, 17
CHANNELS = (128, 256, 256, 512)
HALVES = (False, True, True)


class Causal(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, bias=True):
        super().__init__()
        self.padding = (kernel // 2,) * 4 + (kernel - stride, 0)
        self.conv = nn.Conv3d(inputs, outputs, kernel, (stride, 1, 1), bias=bias)

    def forward(self, x):
        return self.conv(F.pad(x, self.padding))


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(32, inputs), nn.GroupNorm(32, outputs)
        self.conv1, self.conv2 = Causal(inputs, outputs, 3, bias=False), Causal(outputs, outputs, 3, bias=False)
        self.shortcut = nn.Identity() if inputs == outputs else Causal(inputs, outputs, 1, bias=False)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


def residuals(inputs, outputs):
    return nn.Sequential(*[Residual(inputs if i == 0 else outputs, outputs) for i in range(4)])


class Unfold(nn.Module):
    """Pairs of channels become pairs of frames."""

    def forward(self, x):
        b, c, t, h, w = x.shape
        return x.reshape(b, c // 2, 2, t, h, w).permute(0, 1, 3, 2, 4, 5).reshape(b, c // 2, 2 * t, h, w)


class TemporalEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        layers, width = [Causal(4, CHANNELS[0], 3, bias=False)], CHANNELS[0]
        for level, channels in enumerate(CHANNELS):
            layers.append(residuals(width, channels))
            if level < len(HALVES) and HALVES[level]:
                layers.append(Causal(channels, channels, 3, stride=2))
            width = channels
        layers += [residuals(width, width), nn.GroupNorm(32, width), nn.SiLU(), Causal(width, 8, 1), Causal(8, 8, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(F.pad(x, (0, 0, 0, 0, -x.shape[2] % 4, 0)))


class TemporalDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        width = CHANNELS[-1]
        layers = [Causal(4, 4, 1), Causal(4, width, 3), residuals(width, width)]
        for level in reversed(range(len(CHANNELS))):
            layers.append(residuals(width, CHANNELS[level]))
            width = CHANNELS[level]
            if level > 0 and HALVES[level - 1]:
                layers += [Causal(width, 2 * width, 3), Unfold()]
        layers += [nn.GroupNorm(32, width), nn.SiLU(), Causal(width, 4, 3)]
        self.layers = nn.Sequential(*layers)

    def forward(self, z, frames):
        return self.layers(z)[:, :, -frames:]


def cases(dtype, seconds):
    torch.manual_seed(1)
    levels = len((128, 256, 512, 512))
    pictures = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels,
    ).to(dtype).eval()
    encoder, decoder = TemporalEncoder().to(dtype).eval(), TemporalDecoder().to(dtype).eval()
    frames = torch.randn(CHUNK, 3, SIDE, SIDE).to(dtype)
    latents = torch.randn(1, 4, 5, SIDE // 8, SIDE // 8).to(dtype)

    def encode():
        for _ in range(RATE * seconds // CHUNK):
            z = torch.cat([pictures.encode(part).latent_dist.mode() for part in frames.split(AT_ONCE)])
            encoder(z.transpose(0, 1).unsqueeze(0))

    def decode():
        for _ in range(RATE * seconds // CHUNK):
            z = decoder(latents, CHUNK)[0].transpose(0, 1)
            torch.cat([pictures.decode(part).sample for part in z.split(AT_ONCE)])

    return {"video encoder": encode, "video decoder": decode}
