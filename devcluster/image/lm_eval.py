"""The image of the lm-evaluation-harness, for an Evaluation's `runner: {type: LmEval}`; `make image-lm-eval`.

Built from the same lock as the environment of house/real_harness.py.
"""

import sys
from pathlib import Path
from typing import Final

from devcluster.image import base
from devcluster.image.locked_image import LockedImage

IMAGE: Final = LockedImage(
    name="lm-eval",
    software="lm-eval",
    reference="localhost/fairlead-lm-eval:0.4.13",
    size="0.8 GB",
    dockerfile=Path(__file__).with_name("lm_eval.Dockerfile"),
    locks=("lm-eval.txt",),
    packages=base.PACKAGES,
    without_wheels=("rouge-score", "sqlitedict", "word2number"),
)

if __name__ == "__main__":
    sys.exit(IMAGE.main())
