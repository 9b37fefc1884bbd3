# Images of others are named by digest: `python -m scripts.pin_images` renews them.
#
# The platform in one image: `bourne`, and with other commands Dagster's code server, webserver,
# daemon, and a Celery worker. Two stages, so that pip and its leavings stay behind.
FROM python:3.13-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8 AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/bourne
COPY requirements-deploy.lock /src/
RUN /opt/bourne/bin/pip install --no-deps --only-binary :all: --require-hashes \
      --requirement /src/requirements-deploy.lock
COPY pyproject.toml setup.py README.md LICENSE /src/
COPY bourne_assets /src/bourne_assets
RUN /opt/bourne/bin/pip install --no-deps --no-build-isolation --no-index /src \
    && /opt/bourne/bin/pip uninstall --yes pip setuptools \
    # Whatever starts the webserver, such as Dagster's chart, gets the one with the guard in front.
    && ln -sf bourne-webserver /opt/bourne/bin/dagster-webserver


FROM python:3.13-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8

LABEL org.opencontainers.image.title="bourne-assets" \
      org.opencontainers.image.description="CSV batches and TMDB films in an S3 lake, on Dagster" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 bourne \
    && useradd --uid 10001 --gid bourne --create-home --home-dir /home/bourne bourne \
    && mkdir /data /srv/bourne /srv/dagster \
    && chown bourne:bourne /srv/bourne && chmod 700 /srv/bourne
COPY --from=build /opt/bourne /opt/bourne
# Root's: what names the code that Dagster loads is not for the runtime user to write.
COPY deploy/dagster.yaml deploy/workspace.yaml /srv/dagster/

ENV PATH=/opt/bourne/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BOURNE_HOME=/srv/bourne
USER 10001:10001
WORKDIR /srv/bourne
VOLUME /srv/bourne

# Right for `bourne` alone; compose and Kubernetes ask each service in its own way.
HEALTHCHECK --interval=60s --timeout=30s --start-period=30s --retries=3 \
  CMD ["bourne", "--version"]
ENTRYPOINT ["bourne"]
CMD ["--help"]
