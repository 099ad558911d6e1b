#!/usr/bin/env bash
# OBS without a screen: streams one video file, in a loop, or what comes from an address, to an RTMP server, until it is interrupted.
# run.sh SERVER STREAM_KEY VIDEO, e.g. run.sh rtmp://127.0.0.1/live 'kitchen?key=KEY' film.mp4 (or http://127.0.0.1:8080/live/garden/index.m3u8)
# Needs obs-studio and xvfb. Nothing outside of a temporary folder is read or written.
set -euo pipefail
server=$1 key=$2
if [[ $3 == http*://* ]]; then
  media="\"input\": \"$3\", \"is_local_file\": false, \"reconnect_delay_sec\": 2"
else
  media="\"local_file\": \"$(realpath "$3")\", \"looping\": true, \"is_local_file\": true"
fi

home=$(mktemp -d)
display=${OBS_DISPLAY:-:77}
children=()
cleanup() {
  kill "${children[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$home"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

config=$home/.config/obs-studio
profile=$config/basic/profiles/Onair
mkdir -p "$profile" "$config/basic/scenes" "$home/run"
chmod 700 "$home/run"

# FirstRun: no wizard.
cat >"$config/global.ini" <<INI
[General]
FirstRun=true
EnableAutoUpdates=false
InfoIncrement=99

[Basic]
Profile=Onair
ProfileDir=Onair
SceneCollection=Onair
SceneCollectionFile=Onair
INI

cat >"$profile/basic.ini" <<INI
[General]
Name=Onair

[Output]
Mode=Simple
Reconnect=true
RetryDelay=2

[SimpleOutput]
VBitrate=1200
ABitrate=128
StreamEncoder=x264
UseAdvanced=true
Preset=ultrafast
x264Settings=keyint=60

[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSCommon=30
INI

cat >"$profile/service.json" <<JSON
{"type": "rtmp_custom", "settings": {"server": "$server", "key": "$key", "use_auth": false}}
JSON

cat >"$config/basic/scenes/Onair.json" <<JSON
{
  "name": "Onair", "current_scene": "Scene", "current_program_scene": "Scene", "scene_order": [{"name": "Scene"}],
  "sources": [
    {"id": "ffmpeg_source", "name": "Video", "mixers": 255, "settings": {$media}},
    {"id": "scene", "name": "Scene", "settings": {"id_counter": 1, "items": [{"name": "Video", "id": 1, "visible": true, "align": 5,
      "pos": {"x": 0, "y": 0}, "scale": {"x": 1, "y": 1}}]}}
  ],
  "groups": [], "transitions": [], "quick_transitions": [], "modules": {}
}
JSON

export HOME=$home XDG_CONFIG_HOME=$home/.config XDG_RUNTIME_DIR=$home/run LIBGL_ALWAYS_SOFTWARE=1 QT_QPA_PLATFORM=xcb DISPLAY=$display
Xvfb "$display" -screen 0 1280x800x24 +extension GLX >/dev/null 2>&1 &
children+=($!)
until [[ -S /tmp/.X11-unix/X${display#:} ]]; do sleep 0.1; done
obs --startstreaming --minimize-to-tray --profile Onair --collection Onair --multi --disable-updater --disable-missing-files-check &
children+=($!)
wait -n "${children[@]}"
