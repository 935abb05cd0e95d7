{{/*
What another chart includes, always with its own context (.):
  logcar.initContainers  list items for initContainers, or nothing when logcar.native is false
  logcar.containers      list items for containers, or nothing when logcar.native is true
  logcar.volumes         list items for volumes
  logcar.annotations     annotations for the pod: a changed configuration rolls out, and how large the logs may be
  logcar.configMap       the ConfigMap, a resource of its own
*/}}

{{- define "logcar.name" -}}
{{ printf "%s-logcar" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "logcar.initContainers" -}}
{{- if .Values.logcar.native }}{{ include "logcar.container" . }}{{ end }}
{{- end }}

{{- define "logcar.containers" -}}
{{- if not .Values.logcar.native }}{{ include "logcar.container" . }}{{ end }}
{{- end }}

{{- define "logcar.container" -}}
{{- $values := .Values.logcar -}}
- name: logcar
  {{- if $values.native }}
  restartPolicy: Always
  {{- end }}
  image: {{ $values.image | quote }}
  imagePullPolicy: {{ $values.imagePullPolicy }}
  {{- if not $values.native }}
  args: ["-e", "-c", "/etc/filebeat/filebeat.yml", "--path.data", "/var/lib/logcar", "-E", "logcar.quiet={{ $values.quiet }}"]
  {{- end }}
  resources:
    {{- toYaml $values.resources | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    capabilities:
      drop: ["ALL"]
    readOnlyRootFilesystem: true
    runAsGroup: 65532
    runAsNonRoot: true
    runAsUser: 65532
    seccompProfile:
      type: RuntimeDefault
  envFrom:
  - configMapRef:
      name: {{ include "logcar.name" . }}-env
  env:
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: POD_IP
    valueFrom:
      fieldRef:
        fieldPath: status.podIP
  - name: NODE_NAME
    valueFrom:
      fieldRef:
        fieldPath: spec.nodeName
  {{- range $i, $variable := list "SERVICE_NAME" "APP" }}
  {{- if lt $i (len $values.serviceLabels) }}
  - name: {{ $variable }}
    valueFrom:
      fieldRef:
        fieldPath: metadata.labels['{{ index $values.serviceLabels $i }}']
  {{- end }}
  {{- end }}
  - name: LOGS_SIZE
    valueFrom:
      fieldRef:
        fieldPath: metadata.annotations['logcar.io/logs-size']
  - name: GOMAXPROCS
    value: "1"
  ports:
  - name: logcar-http
    containerPort: 5066
  livenessProbe:
    httpGet:
      path: /health
      port: logcar-http
    periodSeconds: 30
    timeoutSeconds: 5
    failureThreshold: 3
  lifecycle:
    preStop:
      httpGet:
        path: /drain
        port: logcar-http
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
  - name: {{ $values.logs.volume }}
    mountPath: /mnt
    readOnly: true
  - name: logcar-config
    mountPath: /etc/filebeat
    readOnly: true
  - name: logcar-positions
    mountPath: /var/lib/logcar
{{- end }}

{{- define "logcar.volumes" -}}
- name: logcar-config
  configMap:
    name: {{ include "logcar.name" . }}-config
- name: logcar-positions
  emptyDir:
    sizeLimit: 16Mi
{{- end }}

{{- define "logcar.annotations" -}}
logcar.io/config: {{ include "logcar.configMap" . | sha256sum }}
{{- with .Values.logcar.logs.sizeLimit }}
logcar.io/logs-size: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "logcar.configMap" -}}
{{- $values := .Values.logcar -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "logcar.name" . }}-config
data:
  filebeat.yml: |
    {{- $values.config | default (include "logcar.config" .) | nindent 4 }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "logcar.name" . }}-env
data:
  KAFKA_HOSTS: {{ required "logcar.kafka.hosts is needed: host:port,host:port" $values.kafka.hosts | quote }}
  KAFKA_TOPIC: {{ $values.kafka.topic | quote }}
  LOG_PATHS: {{ $values.logs.paths | quote }}
  LOG_LEVEL: {{ $values.logLevel | quote }}
  LOGCAR_DOCUMENTS: {{ $values.documents | quote }}
{{- end }}
