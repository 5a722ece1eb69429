# One file for every service: `docker build --build-arg SERVICE=intake -f deploy/docker/service.Dockerfile .`
# The image holds shared/, that one service, and what its extra asks for; no build tool, no compiler, no pip cache.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.9.5
ARG SERVICE
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN python -m pip install --quiet --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}"
WORKDIR /app
# Before the code, so that a change of it does not fetch everything anew.
COPY pyproject.toml uv.lock README.md LICENSE ./
# Nothing imports the asynchronous half of the Kubernetes client, nor tests of packages: together half of an image.
RUN uv sync --frozen --no-dev --no-install-project --no-cache --extra "${SERVICE}" \
 && rm -rf .venv/lib/python3*/site-packages/kubernetes/aio \
 && find .venv/lib -type d -name tests -prune -exec rm -rf {} +
COPY shared ./shared
COPY services/__init__.py ./services/__init__.py
COPY services/${SERVICE} ./services/${SERVICE}
# The gateway carries the built screens; what they were built with stays here.
COPY scripts/build-screens.sh scripts/node.sh scripts/node-requirements.txt ./scripts/
RUN if [ "${SERVICE}" = gateway ]; then \
        ln -s "$(command -v uv)" .venv/bin/uv && scripts/build-screens.sh && test -f services/gateway/ui/assets/manifest.json \
        && rm -rf services/gateway/ui/web .venv/bin/uv .node; \
    fi
COPY deploy/docker/*.py /build/
# Compiled code goes not by the times of files, which a copy may change: nothing could be compiled in a container. Who
# checked this out may have kept it to themselves; here everybody reads and nobody writes.
RUN .venv/bin/python /build/name_distribution.py pyproject.toml \
 && .venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash .venv/lib shared services \
 && rm -rf scripts pyproject.toml uv.lock README.md .venv/.lock \
 && cp /build/start.py /build/healthy.py . \
 && chmod -R u=rwX,go=rX /app

FROM ${PYTHON_IMAGE}
ARG SERVICE
# A user of no rights. What is mounted here as a volume for the first time becomes that user's: the store, the secrets and
# their copies, and by the gateway's image what the programs of the profile `observability` keep, which come from images
# of others.
RUN groupadd --gid 10001 faultline \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin faultline \
 && install -d -o 10001 -g 10001 -m 0700 /data /broker /run/faultline \
      /handed/gateway /handed/worker /handed/broker /handed/flower /run/monitoring /prometheus /alertmanager /grafana
# What rarely changes goes first: an upgrade that keeps its packages fetches the code alone.
COPY --from=build /app/.venv /app/.venv
COPY --from=build /app/shared /app/shared
COPY --from=build /app/services /app/services
COPY --from=build /app/LICENSE /app/start.py /app/healthy.py /app/
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SERVICE=${SERVICE} FAULTLINE_DATA_DIR=/data
USER 10001:10001
# A worker told so takes no new work and finishes what it has in hand; the gateway answers what it began.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=40s --retries=3 CMD ["python", "/app/healthy.py"]
ENTRYPOINT ["python", "/app/start.py"]
# Last, so that a new revision makes nothing else anew.
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="faultline-${SERVICE}" \
      org.opencontainers.image.description="Faultline, the incident workbench: ${SERVICE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
