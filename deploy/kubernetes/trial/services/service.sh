#!/bin/sh
# Writes a log as a Spring Boot service does: mostly INFO, some WARN, now and then a stack trace.
log=${LOGS:-/logs}/app.log
trap 'line INFO "Shutting down gracefully"; exit 0' TERM INT

# line LEVEL MESSAGE [STACK TRACE]
line() {
	# This date cannot print milliseconds: a count takes their place.
	now=$(date -u '+%Y-%m-%d %H:%M:%S')
	[ "$now" = "$second" ] && ms=$((ms + 1)) || ms=0
	second=$now
	printf '%s.%03d %5s 1 --- [nio-9090-exec-%d] c.d.cloud.%s.Controller : %s\n%s' \
		"$now" "$ms" "$1" "$((n % 9 + 1))" "$NAME" "$2" "${3-}" >>"$log"
}

trace='java.lang.IllegalStateException: order is CLOSED, expected PAID
	at com.demo.cloud.Order.close(Order.java:42)
	at com.demo.cloud.Controller.handle(Controller.java:117)
	... 31 more
Caused by: java.net.SocketTimeoutException: Read timed out
	at java.base/sun.nio.ch.NioSocketImpl.read(NioSocketImpl.java:288)
	... 8 more
'

n=0 ms=0 second=
line INFO "Started Application in 3.141 seconds"
while :; do
	n=$((n + 1))
	case $((n % 50)) in
	7 | 31) line WARN "Slow answer of payment-service: $((n % 900 + 100)) ms" ;;
	13) line ERROR "Failed to close order $n" "$trace" ;;
	*) line INFO "response 200 for /api/v1/orders/$n in $((n % 40)) ms" ;;
	esac
	# logcar keeps reading the renamed file, though its pattern no longer matches it.
	[ $((n % 20000)) -ne 0 ] || mv "$log" "$log.1"
	sleep "$PAUSE"
done
