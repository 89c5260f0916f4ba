"""`python -m bench.gpu_carry --out FOLDER`: real vLLM, packed small, for a GPU machine that reaches no package index.

Such a machine has PyTorch and CUDA's libraries, but no vLLM. What it lacks is installed here for its Python, machine
code for other GPUs is blanked out, and the rest is packed into pieces with a script that unpacks them there: 8 GB
become 335 MB. Driver, CUDA libraries and Triton's assembler are the machine's own.
"""
