"""The character language models of `apus train lm`, built from PyTorch's own layers, with the same first weights' law."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Recurrent(nn.Module):
    """Embedding, LSTM or GRU, Linear, with PyTorch's own first weights; symbols [steps, batch]."""

    context = None

    def __init__(self, cell, symbols, width, layers):
        super().__init__()
        self.embedding = nn.Embedding(symbols, width)
        self.rnn = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](width, width, layers)
        self.head = nn.Linear(width, symbols)

    def forward(self, symbols, state=None):
        output, state = self.rnn(self.embedding(symbols), state)
        return self.head(output), state


class GPT(nn.Module):
    """GPT-2's shape from PyTorch's TransformerEncoder: normalisation first, GELU, scores by the embedding; [batch, steps]."""

    def __init__(self, symbols, width, layers, heads, context):
        super().__init__()
        self.context = context
        self.embedding = nn.Embedding(symbols, width)
        self.positions = nn.Parameter(torch.empty(context, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(context), persistent=False)
        for name, parameter in self.named_parameters():
            if "norm" in name:
                continue
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                ends = name.endswith(("out_proj.weight", "linear2.weight"))
                nn.init.normal_(parameter, 0, 0.02 / (math.sqrt(2 * layers) if ends else 1))

    def forward(self, symbols):
        length = symbols.shape[1]
        x = self.embedding(symbols) + self.positions[:length]
        x = self.encoder(x, mask=self.mask[:length, :length], is_causal=True)
        return F.linear(x, self.embedding.weight)


class Block(nn.Module):
    """A layer of `HandGPT`."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class HandGPT(nn.Module):
    """The same model written by hand around `scaled_dot_product_attention`, which spares TransformerEncoder's checks."""

    def __init__(self, symbols, width, layers, heads, context):
        super().__init__()
        self.context = context
        self.embedding = nn.Embedding(symbols, width)
        self.positions = nn.Parameter(torch.empty(context, width).normal_(0, 0.02))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        nn.init.normal_(self.embedding.weight, 0, 0.02)

    def forward(self, symbols):
        x = self.embedding(symbols) + self.positions[: symbols.shape[1]]
        return F.linear(self.norm(self.blocks(x)), self.embedding.weight)


def make(kind, symbols, width=None, layers=None, heads=4, context=128, by_hand=False):
    """The model that `apus train lm --model KIND` makes, with the same defaults."""
    if kind == "gpt":
        return (HandGPT if by_hand else GPT)(symbols, width or 128, layers or 4, heads, context)
    return Recurrent(kind, symbols, width or 256, layers or 1)


def optimizer(model, rate):
    """AdamW as `apus train lm` sets it."""
    return torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, fused=True)


def rate_at(step, total, highest):
    """The learning rate of `apus train lm`: a straight line up, then half a cosine down to a tenth."""
    warm_up = max(1, min(100, total // 10))
    if step < warm_up:
        first = 1 / warm_up
        return highest * (first + (1 - first) * step / warm_up)
    part = (step - warm_up) / max(1, total - warm_up)
    return highest / 10 + (highest - highest / 10) * (1 + math.cos(math.pi * part)) / 2


def loss_of(scores, targets):
    return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), targets.reshape(-1))
