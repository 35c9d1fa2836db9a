#!/usr/bin/env bash
# A Kafka broker for tests: Apache Kafka 4.3.1 from Maven's jars, one process that is broker and controller at once.
#
#   broker.sh check          names what is missing here, if anything (exit 4)
#   broker.sh fetch          copies the jars, once
#   broker.sh start          and waits until clients are answered
#   broker.sh stop [KILL]    asks it to end, or ends it at once
#   broker.sh restart
#   broker.sh status         pid, memory, addresses (exit 3 when it is down)
#   broker.sh tool CLASS …   one of Kafka's own tools
#   broker.sh wipe           stop, and delete its data; the jars stay
set -euo pipefail

: "${KAFKA_HOME_DIR:=${XDG_CACHE_HOME:-$HOME/.cache}/assay-kafka}"
: "${KAFKA_JARS:=$KAFKA_HOME_DIR/jars}"   # brokers may share them
: "${KAFKA_DATA:=$KAFKA_HOME_DIR/broker}" # of one broker alone
: "${KAFKA_HOST:=127.0.0.1}"
: "${KAFKA_PORT:=9092}"
: "${KAFKA_CONTROLLER_PORT:=9093}"
: "${KAFKA_SASL_PORT:=9094}" # any login without TLS
: "${KAFKA_SSL_PORT:=9095}"  # TLS, with a certificate of its own making
: "${KAFKA_PROXIED_PORT:=9096}" # tells clients to call KAFKA_PROXY_PORT instead, where a test puts itself between
: "${KAFKA_PROXY_PORT:=9097}"
: "${KAFKA_SECURE_PORT:=9098}" # SCRAM-SHA-512 alone, over TLS
: "${KAFKA_USER:=assay}" # may do everything
: "${KAFKA_PASSWORD:=assay-secret}"
: "${KAFKA_GUEST:=guest}" # may do what no ACL keeps for others
: "${KAFKA_GUEST_PASSWORD:=guest-secret}"
: "${KAFKA_HEAP:=512m}"
: "${KAFKA_START_TIMEOUT_SECONDS:=90}"
: "${KAFKA_STOP_TIMEOUT_SECONDS:=30}"

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
settings=$KAFKA_DATA/server.properties
console=$KAFKA_DATA/console.log
certificate=$KAFKA_DATA/ca.pem

note() { printf 'kafka broker: %s\n' "$1" >&2; }
fail() {
  note "$1"
  exit "${2:-1}"
}

check() {
  local missing=() version
  version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1) || version=
  [[ ${version:-0} -ge 17 ]] || missing+=("Java 17 or newer (found ${version:-none})")
  command -v keytool >/dev/null || missing+=('keytool, which is part of a JDK')
  [[ -f $KAFKA_JARS/pom.xml ]] || command -v mvn >/dev/null || missing+=('Maven (mvn)')
  [[ ${#missing[@]} -eq 0 ]] && return
  local list
  list=$(printf ', %s' "${missing[@]}")
  fail "missing here: ${list:2}" 4
}

# The copy of the pom comes last: jars without it are a copy that was cut short, or another version.
fetch() {
  cmp -s "$folder/pom.xml" "$KAFKA_JARS/pom.xml" && return
  rm -rf "$KAFKA_JARS"
  mkdir -p "$KAFKA_JARS"
  mvn -B -q -f "$folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$KAFKA_JARS"
  cp "$folder/pom.xml" "$KAFKA_JARS/pom.xml"
}

tool() { java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.level=ERROR -cp "$KAFKA_JARS/*" "$@"; }

# Also asks whose process it is: a pid may have been given to another one since.
broker_pid() {
  local pid
  pid=$(cat "$KAFKA_DATA/pid" 2>/dev/null) || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "kafka.Kafka $settings" || return 1
  printf '%s\n' "$pid"
}

write_settings() {
  cat >"$settings" <<END
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=$KAFKA_HOST:$KAFKA_CONTROLLER_PORT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
listeners=PLAIN://$KAFKA_HOST:$KAFKA_PORT,LOGIN://$KAFKA_HOST:$KAFKA_SASL_PORT,TLS://$KAFKA_HOST:$KAFKA_SSL_PORT,PROXIED://$KAFKA_HOST:$KAFKA_PROXIED_PORT,SECURE://$KAFKA_HOST:$KAFKA_SECURE_PORT,CONTROLLER://$KAFKA_HOST:$KAFKA_CONTROLLER_PORT
advertised.listeners=PLAIN://$KAFKA_HOST:$KAFKA_PORT,LOGIN://$KAFKA_HOST:$KAFKA_SASL_PORT,TLS://$KAFKA_HOST:$KAFKA_SSL_PORT,PROXIED://$KAFKA_HOST:$KAFKA_PROXY_PORT,SECURE://$KAFKA_HOST:$KAFKA_SECURE_PORT
listener.security.protocol.map=PLAIN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,TLS:SSL,PROXIED:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$KAFKA_USER="$KAFKA_PASSWORD" user_$KAFKA_GUEST="$KAFKA_GUEST_PASSWORD";
listener.name.login.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:$KAFKA_USER
allow.everyone.if.no.acl.found=true
ssl.keystore.type=PKCS12
ssl.keystore.location=$KAFKA_DATA/broker.p12
ssl.keystore.password=only-for-tests
log.dirs=$KAFKA_DATA/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
END
  cat >"$KAFKA_DATA/log4j2.yaml" <<'END'
Configuration:
  Appenders:
    Console:
      name: out
      PatternLayout: { pattern: "%d{HH:mm:ss.SSS} %p %c{1}: %m%n" }
  Loggers:
    Root: { level: info, AppenderRef: { ref: out } }
END
}

# For this host alone, and its own authority: who trusts ca.pem trusts it.
make_certificate() {
  local keys=(-keystore "$KAFKA_DATA/broker.p12" -storepass only-for-tests -alias broker) kind=dns
  [[ $KAFKA_HOST =~ ^[0-9.]+$ ]] && kind=ip
  rm -f "$KAFKA_DATA/broker.p12"
  keytool -genkeypair "${keys[@]}" -storetype PKCS12 -keyalg EC -groupname secp256r1 -validity 30 \
    -dname "CN=$KAFKA_HOST" -ext "SAN=$kind:$KAFKA_HOST" -ext BC=ca:true >"$console" 2>&1 ||
    fail "no certificate could be made; see $console"
  keytool -exportcert -rfc "${keys[@]}" >"$certificate.part" 2>/dev/null
  mv "$certificate.part" "$certificate"
}

prepare() {
  mkdir -p "$KAFKA_DATA"
  write_settings
  [[ -f $certificate ]] || make_certificate
  [[ -f $KAFKA_DATA/log/meta.properties ]] && return
  local id
  id=$(tool kafka.tools.StorageTool random-uuid)
  local logins=() mechanism
  for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
    logins+=(--add-scram "$mechanism=[name=$KAFKA_USER,password=$KAFKA_PASSWORD]")
    logins+=(--add-scram "$mechanism=[name=$KAFKA_GUEST,password=$KAFKA_GUEST_PASSWORD]")
  done
  tool kafka.tools.StorageTool format --standalone --config "$settings" --cluster-id "$id" "${logins[@]}" >"$console" 2>&1 ||
    fail "the data directory could not be formatted; see $console"
}

# In a session of its own, and with nothing of the caller's open, since it lives longer than this script.
become_broker() {
  local path
  for path in "/proc/$BASHPID/fd/"*; do
    [[ ${path##*/} -le 2 ]] || eval "exec ${path##*/}>&-"
  done
  exec setsid java "-Xms$KAFKA_HEAP" "-Xmx$KAFKA_HEAP" -Djava.awt.headless=true \
    "-Dlog4j2.configurationFile=$KAFKA_DATA/log4j2.yaml" -cp "$KAFKA_JARS/*" kafka.Kafka "$settings" \
    >"$console" 2>&1 </dev/null
}

# Its port listens long before its controller has been elected; this needs both.
answers() {
  grep -qF 'Kafka Server started' "$console" &&
    tool org.apache.kafka.tools.TopicCommand --bootstrap-server "$KAFKA_HOST:$KAFKA_PORT" --list >/dev/null 2>&1
}

start() {
  local pid deadline
  if pid=$(broker_pid); then
    note "runs already, pid $pid"
    return
  fi
  check
  fetch
  prepare
  : >"$console"
  become_broker &
  pid=$!
  printf '%s\n' "$pid" >"$KAFKA_DATA/pid"
  deadline=$((SECONDS + KAFKA_START_TIMEOUT_SECONDS))
  until answers; do
    kill -0 "$pid" 2>/dev/null || fail "it ended while it started: $(grep -E 'ERROR|Exception' "$console" | tail -1)"
    ((SECONDS < deadline)) || fail "no answer within $KAFKA_START_TIMEOUT_SECONDS s; see $console"
    sleep 0.2
  done
  note "ready, pid $pid"
}

stop() {
  local pid deadline=$((SECONDS + KAFKA_STOP_TIMEOUT_SECONDS))
  pid=$(broker_pid) || return 0
  kill "-${1:-TERM}" "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      note "still there after $KAFKA_STOP_TIMEOUT_SECONDS s, so it is killed"
      kill -KILL "$pid"
      deadline=$((SECONDS + 10))
    fi
    sleep 0.1
  done
  rm -f "$KAFKA_DATA/pid"
}

status() {
  local pid
  pid=$(broker_pid) || fail 'down' 3
  printf 'pid %s\nmemory_mib %s\n' "$pid" "$(($(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status") / 1024))"
  printf 'plain %s\nlogin %s users %s, %s\ntls %s trust %s\ntls and scram-sha-512 %s\nlog %s\n' "$KAFKA_HOST:$KAFKA_PORT" \
    "$KAFKA_HOST:$KAFKA_SASL_PORT" "$KAFKA_USER" "$KAFKA_GUEST" "$KAFKA_HOST:$KAFKA_SSL_PORT" "$certificate" \
    "$KAFKA_HOST:$KAFKA_SECURE_PORT" "$console"
}

case ${1:-} in
  check | fetch | start | status) "$1" ;;
  stop) stop "${2:-TERM}" ;;
  restart) stop && start ;;
  tool) tool "${@:2}" ;;
  wipe) stop && rm -rf "$KAFKA_DATA" ;;
  *)
    sed -n '2,/^set /p' "${BASH_SOURCE[0]}" | grep '^#' | cut -c3- >&2
    exit 2
    ;;
esac
