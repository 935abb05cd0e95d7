{{/* deploy/kubernetes/components/config/filebeat.yml; a library chart cannot read files of its own. */}}
{{- define "logcar.config" -}}
# One file for every service: what differs comes from the environment.
filebeat.inputs:
- type: log
  paths: ${LOG_PATHS}
  fields:
    namespace: ${POD_NAMESPACE}
    service-name: ${SERVICE_NAME:${APP:unknown}}
    pod-ip: ${POD_IP}
    pod-name: ${POD_NAME}
    node-name: ${NODE_NAME}
  multiline:
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}'
    negate: true
    match: after

output.kafka:
  hosts: ${KAFKA_HOSTS}
  topic: ${KAFKA_TOPIC}
  # -1 waits for all in-sync replicas, so that a change of leader loses nothing.
  required_acks: -1
  compression: gzip

# /health for kubelet, /drain for its preStop hook, /metrics for Prometheus, /stats for people.
http.enabled: true
http.host: 0.0.0.0
http.port: 5066

logging.level: ${LOG_LEVEL}
logcar.documents: ${LOGCAR_DOCUMENTS}
# An event that is sent again, after a crash, has the same id: Elasticsearch stores it once.
logcar.event_id: true
# The sizeLimit of the volume of the logs; 0: not known. Beyond it the pod is evicted: logcar warns at 70 %.
logcar.storage.max_bytes: ${LOGS_SIZE:0}
{{- end }}
