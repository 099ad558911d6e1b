#!/usr/bin/env bash
# A test picture with a clock from ffmpeg, as one HTTP body: push-ffmpeg.sh matroska|mpegts|flv "http://HOST:8080/live/NAME/publish?key=KEY" [SECONDS]
set -euo pipefail
format=${1:?matroska, mpegts or flv}
url=${2:?the push address}
limit=()
[[ -n ${3:-} ]] && limit=(-t "$3")
exec ffmpeg -hide_banner -loglevel warning -re -f lavfi -i testsrc2=size=640x360:rate=30 -f lavfi -i sine=sample_rate=48000 ${limit[@]+"${limit[@]}"} \
  -c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 30 -c:a aac -f "$format" -method PUT -send_expect_100 1 "$url"
