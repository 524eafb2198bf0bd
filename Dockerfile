# The dashboard, built to static files.
FROM node:24-slim AS dashboard
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend/ ./
RUN npm run build

# The packages, exactly those of the lock file.
FROM python:3.13-slim AS packages
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/base.txt /tmp/base.txt
RUN pip install --require-hashes --only-binary :all: -r /tmp/base.txt
WORKDIR /srv/paceline
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY tasks tasks
RUN pip install --no-deps --editable . && pip uninstall --yes --quiet pip

# What runs: one image for web, worker and migrate.
FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent paceline
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 LOG_FORMAT=json PORT=8000
WORKDIR /srv/paceline
COPY --from=packages /opt/venv /opt/venv
COPY --from=packages /srv/paceline ./
COPY sql sql
COPY --from=dashboard /build/frontend/dist frontend/dist
USER paceline
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
CMD ["paceline", "web"]
