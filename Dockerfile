# The product as a container: web and worker are the same image with another command.
FROM node:20-bookworm-slim AS frontend
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM python:3.11-slim-bookworm
# The index of the fonts is kept in the one place that may be written: without it every paper looks for them anew.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 XDG_CACHE_HOME=/tmp/cache
RUN apt-get update \
 && apt-get install -y --no-install-recommends gettext libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
 && rm -rf /var/lib/apt/lists/*
# Whoever breaks into the process owns nothing: the code belongs to root, only var/ to the account that runs it.
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin kotaku
WORKDIR /app
COPY requirements.txt requirements-s3.txt constraints.txt ./
RUN pip install -r requirements.txt && pip install -r requirements-s3.txt
COPY --from=frontend /app/node_modules node_modules
COPY . .
RUN for po in locale/*/LC_MESSAGES/django.po locale/packages/*/LC_MESSAGES/django.po; do \
      msgfmt --check-format -o "${po%.po}.mo" "$po"; done \
 && SECRET_KEY=only-while-building ALLOWED_HOSTS=localhost python manage.py collectstatic --noinput --verbosity 0 \
 && install -d -o kotaku -g kotaku var/media var/backups \
 && chmod -R a+rX . && chmod +x deploy/*.sh
USER kotaku
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "deploy/healthy.py"]
CMD ["deploy/web.sh"]
