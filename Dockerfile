# The binary is static; the image has a shell because Airbyte runs connectors
# through one.
FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags=-buildid= -o /source-qualtrics ./cmd/source-qualtrics

FROM alpine:3.22
RUN apk add --no-cache ca-certificates \
 && addgroup -g 1000 airbyte \
 && adduser -D -u 1000 -G airbyte airbyte \
 && mkdir /airbyte \
 && chown 1000:1000 /airbyte
COPY --from=build /source-qualtrics /airbyte/source-qualtrics
USER 1000:1000
WORKDIR /airbyte
ENV AIRBYTE_ENTRYPOINT="/airbyte/source-qualtrics"
LABEL io.airbyte.name="birdie-ai/source-qualtrics" \
      io.airbyte.version="0.1.0" \
      org.opencontainers.image.title="source-qualtrics" \
      org.opencontainers.image.description="Gets surveys, responses and contacts out of Qualtrics" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/birdie-ai/source-qualtrics"
ENTRYPOINT ["/airbyte/source-qualtrics"]
