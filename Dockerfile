# Fairlead's one image: the controller, the autoscaler and the router are subcommands of one process.
#
#   docker build -t fairlead .        anywhere with an index that pip can reach
#   make image                        without Docker and without an index inside the build (devcluster/image)
#
# Both read this file. What differs comes in as arguments: BASE, any image with Python 3.11 or later; WHEELS, a
# folder of wheels; PIP_NO_INDEX. WHEELS is by default a folder that exists and holds none, as COPY refuses a
# missing one.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ARG WHEELS=locks
ARG PIP_NO_INDEX=0
COPY ${WHEELS} /wheels/
COPY locks/runtime.txt /locks/runtime.txt
# Of Kubernetes' client, kubeconfigs are read and nothing else is called: its generated classes, which it imports when
# they are used, were three tenths of the image.
# Debian's python3 has no pip; a wheel is a zip that Python can import from, so pip then runs out of its own wheel.
# A base that has pip has no such wheel: the path is empty and changes nothing.
RUN PYTHONPATH="$(ls /wheels/pip-*.whl 2>/dev/null)" python3 -m pip install \
        --disable-pip-version-check --root-user-action=ignore --no-cache-dir --quiet \
        --require-hashes --only-binary=:all: --no-compile \
        --find-links /wheels --target /opt/fairlead --requirement /locks/runtime.txt \
    && rm -rf /opt/fairlead/bin \
    && find /opt/fairlead/kubernetes -path '*/client/*/*.py' ! -name __init__.py -delete
# The root file system is read-only where this runs, so every module is compiled here; with unchecked hashes, not
# times, equal sources become equal bytes. `-s` and `-p` make a traceback name the file where it ends up, and
# chmod lets user 65532 read what a checkout with a strict umask keeps to its owner.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/fairlead
COPY operator/fairlead /source/opt/fairlead/fairlead
# The hottest files of router and simulator as machine code, where `make compiled` made them before: Python takes them first.
# Without them all is Python: requests cost 1.4 times the CPU, plays twice. Modules of older files, or some that cannot
# be loaded here (a C library older than the one they were made for), end the build, not the first request.
COPY locks/runtime.txt compile[d] /compiled/
RUN cd /source/opt/fairlead \
    && if [ -e /compiled/made-from ]; then sha256sum --check --quiet /compiled/made-from && cp -R /compiled/fairlead .; fi \
    && PYTHONPATH=/source/opt/fairlead:/opt/fairlead python3 -B -c 'import fairlead.router.process, fairlead.backtest.play, kopf, kubernetes.aio.config'
RUN python3 -m compileall -q --invalidation-mode unchecked-hash -s /source -p / /source \
    && chmod -R go=u-w /source

FROM ${BASE}
LABEL org.opencontainers.image.title="fairlead" \
      org.opencontainers.image.description="A Kubernetes operator for fleets of LLM engines" \
      org.opencontainers.image.licenses="Apache-2.0"
# What installs software has no place in an image that never installs any (nothing to remove on Debian's own Python).
RUN rm -rf /usr/local/lib/python3*/site-packages/* /usr/local/bin/pip* /usr/local/bin/wheel
# Two layers: what others wrote changes with the lock, what we wrote with every release and is small.
COPY --from=build /opt/fairlead /opt/fairlead
COPY --from=build /source/opt/fairlead /opt/fairlead
# USER: kopf signs its work with the user's name, and a bare number has none.
ENV PYTHONPATH=/opt/fairlead PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 USER=fairlead
# By number, because Kubernetes cannot tell that a name is not root's (`runAsNonRoot`).
USER 65532:65532
# 8080 router, 8081 health, 9090 metrics, 9443 admission webhook.
EXPOSE 8080 8081 9090 9443
# No init before it: there is one process, it starts no children to reap, and as PID 1 it handles its signals itself.
ENTRYPOINT ["python3", "-m", "fairlead"]
