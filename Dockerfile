# Airbyte runs connectors through a shell, so the image has one. Both bases can
# be given: the first needs Go, the second a shell.
ARG BUILD_BASE=golang:1.26.8-alpine
ARG RUN_BASE=alpine:3.22

# The program is static: it is built where the builder is, for any platform.
FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags="-s -w -buildid=" -o /source-qualtrics ./cmd/source-qualtrics

FROM ${RUN_BASE}
RUN echo "airbyte:x:1000:" >>/etc/group \
 && echo "airbyte:x:1000:1000:airbyte:/airbyte:/bin/sh" >>/etc/passwd \
 && mkdir -p /airbyte /usr/local/bin \
 && chown 1000:1000 /airbyte \
 && ln -s /airbyte/source-qualtrics /usr/local/bin/source-qualtrics \
 && ln -s /airbyte/source-qualtrics /usr/local/bin/tap-qualtrics
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /source-qualtrics /airbyte/source-qualtrics
USER 1000:1000
WORKDIR /airbyte
ENV AIRBYTE_ENTRYPOINT="/airbyte/source-qualtrics"
LABEL io.airbyte.name="birdie-ai/source-qualtrics" \
      io.airbyte.version="0.1.0" \
      org.opencontainers.image.title="source-qualtrics" \
      org.opencontainers.image.description="Gets surveys, responses and contacts out of Qualtrics" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.vendor="birdie-ai" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.url="https://github.com/birdie-ai/source-qualtrics" \
      org.opencontainers.image.documentation="https://github.com/birdie-ai/source-qualtrics#readme" \
      org.opencontainers.image.source="https://github.com/birdie-ai/source-qualtrics"
ENTRYPOINT ["/airbyte/source-qualtrics"]
