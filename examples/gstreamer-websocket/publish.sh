#!/usr/bin/env bash
# A test picture from GStreamer over a WebSocket: publish.sh webm|matroska|mpegts "ws://HOST:8080/live/NAME/publish?key=KEY"
set -euo pipefail
format=${1:?webm, matroska or mpegts}
url=${2:?the publish address}

picture='videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1'
sound='audiotestsrc is-live=true wave=ticks ! voaacenc ! aacparse'
h264='openh264enc gop-size=30 ! h264parse config-interval=-1'
case $format in
  webm) pipeline="$picture ! vp8enc deadline=1 keyframe-max-dist=60 ! webmmux streamable=true ! fdsink" ;;
  matroska) pipeline="$picture ! $h264 ! matroskamux name=mux streamable=true ! fdsink $sound ! mux." ;;
  mpegts) pipeline="$picture ! $h264 ! mpegtsmux name=mux ! fdsink $sound ! mux." ;;
  *) echo "expected webm, matroska or mpegts, got $format" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086 # the words of a pipeline are its arguments
gst-launch-1.0 -q -e $pipeline | node "$(dirname "$0")/publish.mjs" "$url"
