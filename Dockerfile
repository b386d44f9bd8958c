# Zhiju in a container: the packages, the encoder and the index of seeds/ are in the image, nothing is fetched at start.
#   docker build -t zhiju . && docker run -p 7860:7860 zhiju
#   your own documents:  docker run -p 7860:7860 -v "$PWD/docs:/docs:ro" -v zhiju:/app/var -e RAG_SOURCES=/docs zhiju
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /venv
ARG TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
RUN /venv/bin/pip install --quiet ${TORCH}
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY rag/__init__.py rag/
RUN /venv/bin/pip install --quiet -c constraints.txt -e .
COPY . .
ENV RAG_HOST=0.0.0.0 RAG_CACHE_DIR=/app/var/cache GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1
RUN /venv/bin/python -m rag index

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 zhiju
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build --chown=zhiju:zhiju /app /app
USER zhiju
ENV PATH=/venv/bin:$PATH RAG_HOST=0.0.0.0 RAG_CACHE_DIR=/app/var/cache GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/readyz', timeout=4)"]
CMD ["python", "app.py"]
