"""Makes the networks that benchmarks run beside weights/doodle, with random weights, in .cache/models (not committed).

    pip install torch==2.13.0 diffusers==0.42.1 safetensors numpy
    python bench/make_models.py            # all of them; or name some: python bench/make_models.py unet-11m

`unet-11m` is a 32 x 32 x 3 UNet of three levels with attention at two; `ddpm-cifar10-32` has the architecture of
google/ddpm-cifar10-32. A seed fixes the weights. Speed does not depend on their values, and each folder's
reference.safetensors (bench/make_reference.py) says what PyTorch makes of them.
"""

import subprocess
import sys
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DModel

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".cache/models"
SEED = 4

sys.path.append(str(ROOT / "test/fixtures"))
from make_cifar10 import CONFIG as DDPM_CIFAR10_32  # noqa: E402

UNET_11M = dict(
    act_fn="silu",
    attention_head_dim=64,
    block_out_channels=(64, 128, 256),
    down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
    in_channels=3,
    layers_per_block=1,
    norm_num_groups=32,
    out_channels=3,
    sample_size=32,
    up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
)
MODELS = {"unet-11m": UNET_11M, "ddpm-cifar10-32": DDPM_CIFAR10_32}


def main() -> None:
    for name in sys.argv[1:] or MODELS:
        if name not in MODELS:
            raise SystemExit(f"there is no model '{name}': choose from {', '.join(MODELS)}")
        torch.manual_seed(SEED)
        unet = UNet2DModel(**MODELS[name]).eval()
        folder = FOLDER / name
        unet.save_pretrained(folder)
        DDPMScheduler().save_pretrained(folder)
        print(f"{folder}: {sum(parameter.numel() for parameter in unet.parameters()):,} parameters", flush=True)
        subprocess.run([sys.executable, ROOT / "bench/make_reference.py", folder], check=True)


if __name__ == "__main__":
    main()
