# The lm-evaluation-harness 0.4.13, for an Evaluation's `runner: {type: LmEval}`; it asks over HTTP and needs no PyTorch.
#
#   docker build -t localhost/fairlead-lm-eval:0.4.13 -f devcluster/image/lm_eval.Dockerfile locks
#   make image-lm-eval                without Docker and without an index inside the build (devcluster/image)
#
# Both read this file. What differs comes in as arguments: BASE, any image of Debian with Python 3.11; PIP_NO_INDEX; and
# the context may hold a folder `wheels`.
ARG BASE=python:3.11-slim
FROM ${BASE}
ARG PIP_NO_INDEX=0
LABEL org.opencontainers.image.title="fairlead-lm-eval" \
      org.opencontainers.image.description="The lm-evaluation-harness 0.4.13, as Fairlead's evaluations run it" \
      org.opencontainers.image.licenses="MIT"
RUN python3 -m venv --without-pip /opt/lm-eval
# Where the base has no pip, the wheels hold one (see Dockerfile). Some packages exist as sources alone and are built
# with setuptools, which the same lock pins, so that goes first.
COPY lm-eval.txt /opt/lm-eval/locks/
RUN --mount=type=bind,target=/context \
    awk '/^[a-z]/ {wanted = /^setuptools==/} wanted' /opt/lm-eval/locks/lm-eval.txt > /tmp/setuptools.txt \
    && for lock in /tmp/setuptools.txt /opt/lm-eval/locks/lm-eval.txt; do \
        PYTHONPATH="$(ls /context/wheels/pip-*.whl 2>/dev/null)" python3 -m pip --python /opt/lm-eval/bin/python \
            install --disable-pip-version-check --root-user-action=ignore --no-cache-dir --quiet --no-deps \
            --require-hashes --no-build-isolation --no-compile --find-links /context/wheels --requirement "$lock" \
        || exit 1; done \
    && cd /opt/lm-eval/lib/python3.11/site-packages \
    && { /opt/lm-eval/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash . || true; } \
    && chmod -R go=u-w /opt/lm-eval && rm -rf /tmp/* /tmp/.[!.]*
ENV PATH=/opt/lm-eval/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp USER=harness
# A build that forgot a package fails here and not in a pod.
RUN HF_HOME=/tmp/hub python -c 'import lm_eval.evaluator, lm_eval.models.openai_completions' && rm -rf /tmp/* /tmp/.[!.]*
USER 65532:65532
ENTRYPOINT ["python3", "-m", "lm_eval"]
