#!/bin/sh
# Runs one part of Freshet in its container: freshet PART [arguments of the part].
#   cli | trainer | serving   the process of that name
#   prepare JARS DATA         as root, once: copies the graph job's jars to JARS, where Flink's image looks for them, and hands
#                             the folder DATA to the user of both images
set -eu
home=${FRESHET_HOME:-/opt/freshet}
part=${1:?usage: freshet cli|trainer|serving|prepare [arguments]}
shift
case $part in
cli) main=dev.freshet.cli.Freshet ;;
trainer) main=dev.freshet.trainer.TrainerMain ;;
serving) main=dev.freshet.serving.ServingMain ;;
prepare)
  jars=${1:?usage: freshet prepare JARS DATA}
  data=${2:?usage: freshet prepare JARS DATA}
  rm -f "$jars"/*.jar
  cp "$home"/graph-job-cluster/*.jar "$jars"
  exec chown 9999 "$data"
  ;;
*)
  echo "freshet: unknown part '$part'; one of cli, trainer, serving, prepare" >&2
  exit 2
  ;;
esac
if [ -f "$home/$part/environment" ]; then
  while IFS='=' read -r name value; do
    case $name in
    '' | '#'*) ;;
    *) eval "export $name=\"\${$name:-$value}\"" ;;
    esac
  done <"$home/$part/environment"
fi
# JAVA_OPTS comes last, so that a heap set there wins; the jars in FRESHET_JARS come first, such as torch's for a GPU.
# shellcheck disable=SC2086
exec java "@$home/$part/jvm.options" ${JAVA_OPTS:-} -cp "${FRESHET_JARS:+$FRESHET_JARS/*:}$home/$part/*" "$main" "$@"
