#!/bin/bash
# As in the published image: FLINK_PROPERTIES goes to the configuration; then standalone-job or taskmanager runs in the foreground.
set -euo pipefail
conf=/opt/flink/conf
printf '%s\n' "${FLINK_PROPERTIES:-}" >"$conf/config.yaml"
class_path="$conf:/opt/flink/lib/*:/opt/flink/entry"
# The openings of Flink's own config.yaml for Java 17.
opens=()
for package in lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic util.concurrent.locks; do
  opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
opens+=("--add-opens=java.base/sun.nio.ch=ALL-UNNAMED" "--add-exports=java.base/sun.net.util=ALL-UNNAMED"
  "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED")

# As env.java.opts.taskmanager in docker-compose.yml has it.
opens+=("--add-modules=jdk.incubator.vector")

# Prints the JVM's memory flags on the first line, the dynamic settings on the second.
resources() {
  java -cp "$class_path" org.apache.flink.runtime.util.bash.BashJavaUtils "$1" --configDir "$conf" \
    | sed -n 's/^BASH_JAVA_UTILS_EXEC_RESULT://p'
}

verb=$1
shift
case $verb in
standalone-job)
  [[ $1 == --job-classname ]] || { echo "stand-in: --job-classname comes first" >&2; exit 2; }
  job=$2
  shift 2
  mapfile -t found < <(resources GET_JM_RESOURCE_PARAMS)
  # shellcheck disable=SC2086
  exec java ${found[0]} "${opens[@]}" -cp "$class_path" StandaloneJob "$conf" /opt/flink/usrlib "$job" "$@"
  ;;
taskmanager)
  mapfile -t found < <(resources GET_TM_RESOURCE_PARAMS)
  # shellcheck disable=SC2086
  exec java ${found[0]} "${opens[@]}" -cp "$class_path" org.apache.flink.runtime.taskexecutor.TaskManagerRunner --configDir "$conf" ${found[1]}
  ;;
*) exec "$verb" "$@" ;;
esac
