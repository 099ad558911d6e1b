#!/usr/bin/env bash
# A test picture from GStreamer, as one HTTP body: push-gstreamer.sh "http://HOST:8080/live/NAME/publish?key=KEY"
set -euo pipefail
url=${1:?the push address}
exec gst-launch-1.0 -q -e matroskamux name=mux streamable=true ! curlhttpsink file-name=push use-content-length=false location="$url" \
  videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1 ! openh264enc gop-size=30 ! h264parse ! mux. \
  audiotestsrc is-live=true wave=ticks ! voaacenc ! aacparse ! mux.
