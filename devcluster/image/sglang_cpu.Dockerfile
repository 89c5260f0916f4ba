# SGLang for processors, for `spec.accelerator: {product: CPU}` with `engine.kind: SGLang`: stories and first tries.
#
#   docker build -t localhost/fairlead-sglang-cpu:0.5.23 -f devcluster/image/sglang_cpu.Dockerfile FOLDER
#   make image-sglang-cpu             without Docker and without an index inside the build (devcluster/image)
#
# FOLDER holds sglang.txt and sglang-wheel.txt of locks/ and devcluster/image/sglang_kernels.py; it may hold `wheels`.
# What differs comes in as arguments: BASE, any image of Debian with Python 3.11; PIP_NO_INDEX.
ARG BASE=python:3.11-slim
FROM ${BASE}
ARG PIP_NO_INDEX=0
LABEL org.opencontainers.image.title="fairlead-sglang-cpu" \
      org.opencontainers.image.description="SGLang 0.5.23 for processors without its kernels, as Fairlead starts it" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN python3 -m venv --without-pip /opt/sglang
# Three layers: what SGLang needs, SGLang, what stands in for its kernels. Where the base has no pip, the wheels hold one.
#
# The index's PyTorch is linked to NVIDIA's libraries (see vllm_cpu.Dockerfile), and SGLang imports Triton at its start,
# though it compiles nothing with it here. What is removed is opened by nothing without a GPU or a compiler.
COPY sglang.txt /opt/sglang/locks/
RUN --mount=type=bind,target=/context \
    PYTHONPATH="$(ls /context/wheels/pip-*.whl 2>/dev/null)" python3 -m pip --python /opt/sglang/bin/python install \
        --disable-pip-version-check --root-user-action=ignore --no-cache-dir --quiet --no-deps \
        --require-hashes --only-binary=:all: --no-compile \
        --find-links /context/wheels --requirement /opt/sglang/locks/sglang.txt \
    && cd /opt/sglang/lib/python3.11/site-packages \
    && rm -rf triton/backends/nvidia/bin torch/include nvidia/*/include nvidia/cudnn/lib/libcudnn_* \
        nvidia/cu13/lib/libcusolverMg.so.* nvidia/cu13/lib/*.alt.so.* \
    && { /opt/sglang/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash . || true; } \
    && chmod -R go=u-w /opt/sglang
COPY sglang-wheel.txt /opt/sglang/locks/
RUN --mount=type=bind,target=/context \
    PYTHONPATH="$(ls /context/wheels/pip-*.whl 2>/dev/null)" python3 -m pip --python /opt/sglang/bin/python install \
        --disable-pip-version-check --root-user-action=ignore --no-cache-dir --quiet --no-deps \
        --require-hashes --only-binary=:all: --no-compile \
        --find-links /context/wheels --requirement /opt/sglang/locks/sglang-wheel.txt \
    && cd /opt/sglang/lib/python3.11/site-packages \
    && { /opt/sglang/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash sglang || true; } \
    && chmod -R go=u-w sglang sglang-0.5.23.dist-info /opt/sglang/bin /opt/sglang/locks
COPY sglang_kernels.py /opt/sglang/lib/python3.11/site-packages/sgl_kernel/__init__.py
RUN chmod -R go=u-w,a+rX /opt/sglang/lib/python3.11/site-packages/sgl_kernel
ENV PATH=/opt/sglang/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# There is no compiler here, and without the second variable SGLang looks for a GPU.
ENV TORCH_COMPILE_DISABLE=1 SGLANG_USE_CPU_ENGINE=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp USER=engine
# A build that forgot a library fails here and not in a pod.
RUN lscpu > /dev/null && python -c 'import sgl_kernel, sglang.srt.entrypoints.http_server, sglang.srt.managers.scheduler' \
    && rm -rf /tmp/* /tmp/.[!.]*
USER 65532:65532
EXPOSE 30000
ENTRYPOINT ["sglang", "serve"]
