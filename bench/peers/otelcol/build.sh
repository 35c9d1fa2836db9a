#!/usr/bin/env bash
# Builds the OpenTelemetry Collector that `npm run bench` measures beside Assay, and that
# docs/connect/opentelemetry-collector.md is followed with. Needs Go 1.26 and its module proxy; a few minutes. The last line
# says what to set for `npm run test:connect`; `npm run bench` looks in the default folder too.
#   bench/peers/otelcol/build.sh [folder]     default: assay-otelcol in the user's cache folder
set -euo pipefail

VERSION=0.161.0
PROVIDERS=1.67.0
FOLDER="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/assay-otelcol/$VERSION}"

mkdir -p "$FOLDER"
cd "$FOLDER"

if ! [ -x otelcol ]; then
  cat > builder.yaml <<YAML
dist:
  name: otelcol
  description: OpenTelemetry Collector with what the guide and the benchmark need
  output_path: ./source
  version: $VERSION
extensions:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage v$VERSION
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v$VERSION
processors:
  - gomod: go.opentelemetry.io/collector/processor/batchprocessor v$VERSION
  - gomod: go.opentelemetry.io/collector/processor/memorylimiterprocessor v$VERSION
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/debugexporter v$VERSION
  - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter v$VERSION
providers:
  - gomod: go.opentelemetry.io/collector/confmap/provider/envprovider v$PROVIDERS
  - gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider v$PROVIDERS
  - gomod: go.opentelemetry.io/collector/confmap/provider/yamlprovider v$PROVIDERS
YAML
  [ -x builder ] || GOBIN="$PWD" go install "go.opentelemetry.io/collector/cmd/builder@v$VERSION"
  ./builder --config builder.yaml --skip-compilation
  (cd source && go build -trimpath -ldflags='-s -w' -o ../otelcol.partial .)
  mv otelcol.partial otelcol
fi

./otelcol --version
echo "OTELCOL=$PWD/otelcol"
