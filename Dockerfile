# The image holds one static binary, the CA certificates and the folder for its positions; nothing else.
# make image, or: docker build --build-arg VERSION=... --platform linux/arm64 .

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
# timetzdata: scratch has no /usr/share/zoneinfo. The other flags keep paths and build ids out of the binary,
# so that the same sources give the same bytes.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -tags timetzdata \
    -ldflags "-s -w -buildid= -X main.version=$VERSION" -o /out/logcar ./cmd/logcar
RUN install -d -m 0750 /out/lib/logcar

FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="logcar" \
      org.opencontainers.image.description="Sidecar that ships a pod's log files to Kafka, configured by filebeat.yml" \
      org.opencontainers.image.source="https://github.com/logcar/logcar" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# The parent is copied so that the folder itself arrives with its owner and mode.
COPY --from=build --chown=65532:65532 /out/lib/ /var/lib/
COPY --from=build /out/logcar /logcar
USER 65532:65532
ENTRYPOINT ["/logcar"]
CMD ["-e", "-c", "/etc/filebeat/filebeat.yml", "--path.data", "/var/lib/logcar"]
