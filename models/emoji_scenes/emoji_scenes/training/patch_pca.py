"""The latents of emoji scenes: principal components of 8x8 patches, so that encoding is exact, linear and free."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emoji_scenes.scenes import Scene, make_scene, render

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

PATCH_PX, CHANNELS, SIDE = 8, 32, 8
SCALING_FACTOR = 2.0  # the shipped decoder clamps its input softly at 3, so it is given half of a latent
FITTING_SCENES = 4_000
SHIPPED = Path(__file__).parent / "patch_pca.safetensors"


@dataclass(frozen=True)
class PatchPca:
    """Latent = (patch - mean) @ components * scale, for patches of 8x8x3 values in -1..1, flattened row by row."""

    mean: Floats
    components: Floats
    scale: Floats

    def encode(self, pictures: Floats) -> Floats:
        """Return latents (n, 32, 8, 8) with a mean square of about 1, of pictures (n, 64, 64, 3) in -1..1."""
        latents: Floats = (_patches(pictures) - self.mean) @ (self.components * self.scale)
        return latents.reshape(-1, SIDE, SIDE, CHANNELS).transpose(0, 3, 1, 2)

    def decode(self, latents: Floats) -> Floats:
        """Return the pictures nearest to latents in the space of the components."""
        flat = latents.transpose(0, 2, 3, 1).reshape(-1, CHANNELS)
        patches: Floats = flat @ (self.components / self.scale).T + self.mean
        cells = patches.reshape(-1, SIDE, SIDE, PATCH_PX, PATCH_PX, 3).transpose(0, 1, 3, 2, 4, 5)
        return cells.reshape(-1, SIDE * PATCH_PX, SIDE * PATCH_PX, 3)


def load_patch_pca() -> PatchPca:
    """Return the components that ship, fitted to 4,000 scenes: every network here is trained on their latents."""
    from safetensors.numpy import load_file

    stored = load_file(SHIPPED)
    return PatchPca(stored["mean"], stored["basis"], stored["scale"])


def save_patch_pca(pca: PatchPca, path: Path) -> None:
    """Write components as they ship."""
    from safetensors.numpy import save_file

    save_file({"mean": pca.mean, "basis": pca.components, "scale": pca.scale}, path)


def fit_patch_pca(scene_count: int = FITTING_SCENES) -> PatchPca:
    """Fit components to scenes with things in all places, half whitened: divided by the root of their deviation."""
    import numpy as np

    scenes = [make_scene(seed, everything=True) for seed in range(scene_count)]
    patches = _patches(scaled(scenes))
    mean = patches.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov(patches[::3].T - mean[:, None]))
    variances, vectors = variances[::-1][:CHANNELS], vectors[:, ::-1][:, :CHANNELS]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), range(CHANNELS)])
    scale = variances**-0.25
    scale /= np.sqrt(np.mean(variances * scale**2))
    return PatchPca(mean, np.ascontiguousarray(vectors, np.float32), scale.astype(np.float32))


def scaled_pictures(seeds: Iterable[int]) -> Floats:
    """Return the training scenes of seeds as pictures (n, 64, 64, 3) in -1..1."""
    return scaled([make_scene(seed) for seed in seeds])


def scaled(scenes: Iterable[Scene]) -> Floats:
    """Return scenes as pictures (n, 64, 64, 3) in -1..1."""
    import numpy as np

    return np.stack([render(scene) for scene in scenes]).astype(np.float32) / 127.5 - 1


def _patches(pictures: Floats) -> Floats:
    cut = pictures.reshape(-1, SIDE, PATCH_PX, SIDE, PATCH_PX, 3).transpose(0, 1, 3, 2, 4, 5)
    return cut.reshape(-1, PATCH_PX * PATCH_PX * 3)


def main() -> None:
    """Fit new principal components; all networks are to be trained anew on their latents."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path, help="the .safetensors file to write")
    parser.add_argument("--scenes", type=int, default=FITTING_SCENES, help="how many to fit (default: %(default)s)")
    chosen = parser.parse_args()
    save_patch_pca(fit_patch_pca(chosen.scenes), chosen.out)


if __name__ == "__main__":
    main()
