FROM python:3.11.16-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84 AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv .venv
COPY requirements-server.lock ./
RUN .venv/bin/pip install --require-hashes -r requirements-server.lock
COPY pyproject.toml README.md LICENSE ./
COPY cancellation cancellation
COPY workflows workflows
COPY activities activities
COPY workers workers
COPY embedded embedded
COPY starters starters
COPY samples samples
# Editable: the prescribed folders have generic names and never become installed packages.
RUN .venv/bin/pip install --no-deps --no-build-isolation -e . \
    # What only installs, and the sources of a library that comes compiled.
    && rm -r .venv/lib/python3.11/site-packages/pip \
             .venv/lib/python3.11/site-packages/setuptools \
             .venv/lib/python3.11/site-packages/temporalio/bridge/sdk-core

FROM python:3.11.16-slim-bookworm@sha256:528257d48c1da0dcecc2e725d1ae34498d60c965f1241e39cd6a85a8859bdf84
RUN useradd --uid 10001 --create-home --home-dir /home/cancelamento cancelamento \
    && install -d -o cancelamento -g cancelamento -m 0700 /var/lib/cancelamento /var/lib/recordings /var/lib/desk
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    MALLOC_TRIM_THRESHOLD_=65536 \
    CANCELAMENTO_HOME=/var/lib/cancelamento
USER cancelamento
WORKDIR /var/lib/cancelamento
ENTRYPOINT ["cancelamento"]
CMD ["worker"]
