{{- /*
A CronJob: root, the chart's; name; schedule; secret, mounted in /run/secrets/bk;
script, a pipeline for bash, and args, its arguments; or optional: uri, a database
of values.yaml, whose secret is mounted in /run/secrets/db; server, whether
PostgreSQL runs beside it; retries; hours, after which it is ended.
*/ -}}
{{- define "bk.cronjob" }}
{{- $v := .root.Values }}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ regexReplaceAll "[^a-z0-9]+" (lower .name) "-" | trunc 52 | trimSuffix "-" }}
  labels: {app: bk, release: {{ .root.Release.Name | quote }}}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 21600    # after more than 6 hours: next time
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 7
  jobTemplate:
    spec:
      backoffLimit: {{ .retries | default 0 }}
      activeDeadlineSeconds: {{ mul .hours 3600 }}
      template:
        metadata:
          labels: {app: bk, release: {{ .root.Release.Name | quote }}}
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          enableServiceLinks: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 10001
            runAsGroup: 10001
            fsGroup: 10001
            seccompProfile: {type: RuntimeDefault}
          {{- if .server }}
          # It runs the dump's code, and has none of the secrets.
          initContainers:
            - name: postgres
              image: {{ $v.postgres.image | quote }}
              restartPolicy: Always
              args: [-c, "listen_addresses=", -c, fsync=off]
              env:
                - {name: POSTGRES_HOST_AUTH_METHOD, value: trust}
                - {name: PGDATA, value: /var/lib/postgresql/data/pg}
              startupProbe:
                # initdb's server, before that, answers as well
                exec:
                  command:
                    - sh
                    - -c
                    - grep -qx postgres /proc/1/comm && pg_isready -q -U postgres
                periodSeconds: 2
                failureThreshold: 60
              resources:
                requests: {cpu: 500m, memory: 512Mi}
                limits: {memory: 2Gi}
              securityContext:
                runAsUser: {{ $v.postgres.user }}
                allowPrivilegeEscalation: false
                capabilities: {drop: [ALL]}
              volumeMounts:
                - {name: data, mountPath: /var/lib/postgresql/data}
                - {name: socket, mountPath: /var/run/postgresql}
          {{- end }}
          containers:
            - name: bk
              image: {{ $v.image | quote }}
              command: [/bin/bash, -o, pipefail, -c]
              args: {{- concat (list .script "bk") .args | toYaml | nindent 16 }}
              env:
                - {name: AWS_SHARED_CREDENTIALS_FILE, value: /run/secrets/bk/aws}
                - {name: AWS_REGION, value: {{ $v.region | quote }}}
                {{- with $v.endpoint }}
                - {name: AWS_ENDPOINT_URL, value: {{ . | quote }}}
                {{- end }}
                - {name: BK_JOBS, value: "2"}   # not the node's CPUs
              resources:
                requests: {cpu: 200m, memory: 128Mi}
                limits: {memory: 1Gi}
              securityContext:
                allowPrivilegeEscalation: false
                readOnlyRootFilesystem: true
                capabilities: {drop: [ALL]}
              volumeMounts:
                - {name: secrets, mountPath: /run/secrets/bk, readOnly: true}
                {{- if .uri }}
                - {name: uri, mountPath: /run/secrets/db, readOnly: true}
                {{- end }}
                {{- if .server }}
                - {name: socket, mountPath: /var/run/postgresql}
                {{- end }}
                - {name: tmp, mountPath: /tmp}
          volumes:
            - name: secrets
              secret: {secretName: {{ .secret | quote }}, defaultMode: 0400}
            {{- with .uri }}
            - name: uri
              secret:
                secretName: {{ .secret | quote }}
                defaultMode: 0400
                items: [{key: {{ .key | default "uri" | quote }}, path: uri}]
            {{- end }}
            {{- if .server }}
            - name: socket
              emptyDir: {}
            - name: data
              ephemeral:
                volumeClaimTemplate:
                  spec:
                    accessModes: [ReadWriteOnce]
                    resources: {requests: {storage: {{ $v.postgres.size | quote }}}}
            {{- end }}
            - name: tmp
              emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}
