# covlint as an image, for CI systems that run a container per step:
#   docker run --rm -v "$PWD:/project" covlint --format sarif
# It finds and fixes; `verify` needs the Go and the engines of your own machine.
ARG PYTHON=python:3.12

FROM ${PYTHON} AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels .

# Not the slim one: git says which files are the project's, and what has changed.
FROM ${PYTHON}
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl
WORKDIR /project
ENTRYPOINT ["covlint"]
