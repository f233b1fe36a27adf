"""A small Llama-style language model over bytes, and LoRA for its linear layers.

The parts are those of the Llama papers: RMSNorm before each block, rotary position embeddings,
causal attention, a gated SiLU MLP, no biases. Names of layers (q_proj, gate_proj, ...) follow the
published models, so target modules mean what they mean there. LoRA is Hu et al. 2021 as PEFT writes
it: W x + alpha/r B A dropout(x), A uniform (Kaiming, a = sqrt 5), B zero, so that at step 0 the
model is the pre-trained one.
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
MLP = ("gate_proj", "up_proj", "down_proj")
TARGET_MODULES = {
    "q_v": ("q_proj", "v_proj"),
    "attention": ATTENTION,
    "all_linear": ATTENTION + MLP,
}


@dataclass(frozen=True)
class ModelShape:
    """Sizes of the model. `context` is in bytes."""

    vocabulary: int = 256
    width: int = 64
    layers: int = 2
    heads: int = 4
    mlp_width: int = 192
    context: int = 64


class RmsNorm(nn.Module):
    def __init__(self, width, epsilon=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


class LoraLinear(nn.Module):
    """A frozen linear layer plus a trained product of rank r."""

    def __init__(self, base, rank, alpha, dropout):
        super().__init__()
        self.base = base
        self.base.weight.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank
        self.dropout = dropout

    def forward(self, x):
        dropped = functional.dropout(x, self.dropout, self.training) if self.dropout > 0 else x
        low_rank = functional.linear(functional.linear(dropped, self.lora_A), self.lora_B)
        return self.base(x) + self.scaling * low_rank


class Attention(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.heads = shape.heads
        for name in ATTENTION:
            setattr(self, name, nn.Linear(shape.width, shape.width, bias=False))

    def forward(self, x, cosine, sine, mask):
        batch, length, width = x.shape

        def by_head(y):
            return y.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

        query = _rotate(by_head(self.q_proj(x)), cosine, sine)
        key = _rotate(by_head(self.k_proj(x)), cosine, sine)
        value = by_head(self.v_proj(x))
        scores = query @ key.transpose(-1, -2) / math.sqrt(width // self.heads) + mask
        mixed = torch.softmax(scores, -1) @ value
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, width))


def _rotate(x, cosine, sine):
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat((-second, first), -1) * sine


class Mlp(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.mlp_width, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.mlp_width, bias=False)
        self.down_proj = nn.Linear(shape.mlp_width, shape.width, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.input_layernorm = RmsNorm(shape.width)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = RmsNorm(shape.width)
        self.mlp = Mlp(shape)

    def forward(self, x, cosine, sine, mask):
        x = x + self.self_attn(self.input_layernorm(x), cosine, sine, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class ByteLlama(nn.Module):
    """Bytes in (batch x length, int64), logits of the next byte out (... x vocabulary)."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RmsNorm(shape.width)
        self.lm_head = nn.Linear(shape.width, shape.vocabulary, bias=False)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
        half = shape.width // shape.heads // 2
        angles = torch.outer(
            torch.arange(shape.context).float(), 10000.0 ** (-torch.arange(half) / half)
        )
        angles = torch.cat((angles, angles), -1)
        mask = torch.full((shape.context, shape.context), float("-inf")).triu(1)
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, tokens):
        length = tokens.shape[1]
        cosine, sine, mask = self.cosine[:length], self.sine[:length], self.mask[:length, :length]
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x, cosine, sine, mask)
        return self.lm_head(self.norm(x))

    def loss(self, sequences):
        """Mean cross-entropy in nats per byte; `sequences`: batch x length + 1."""
        logits = self(sequences[:, :-1])
        return functional.cross_entropy(logits.flatten(0, 1), sequences[:, 1:].flatten())


def add_lora(model, target_modules, rank, alpha, dropout):
    """Freezes the model and puts a LoRA layer around each layer that `target_modules` names."""
    model.requires_grad_(False)
    for block in model.layers:
        for owner in (block.self_attn, block.mlp):
            for name in TARGET_MODULES[target_modules]:
                if hasattr(owner, name):
                    setattr(owner, name, LoraLinear(getattr(owner, name), rank, alpha, dropout))
    return model


def trained_parameters(model):
    """Returns {name: parameter} of what is trained: the adapters under LoRA, else everything."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def windows(text, length):
    """Cuts bytes into rows of length + 1 that overlap by one: each byte is predicted once."""
    tokens = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    rows = (len(tokens) - 1) // length
    return torch.stack([tokens[i * length : i * length + length + 1] for i in range(rows)])


@torch.no_grad()
def mean_loss(model, rows, batch=128, stop=lambda: False):
    """Returns the mean loss over all rows, or None when `stop()` became true meanwhile."""
    was_training = model.training
    model.eval()
    total = 0.0
    try:
        for start in range(0, len(rows), batch):
            if stop():
                return None
            part = rows[start : start + batch]
            total += model.loss(part).item() * len(part)
    finally:
        model.train(was_training)
    return total / len(rows)
