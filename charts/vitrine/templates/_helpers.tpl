{{/* Name of the operator's objects: vitrine-operator of a release called vitrine. */}}
{{- define "vitrine.operator" -}}
{{- $name := .Values.fullnameOverride }}
{{- if not $name }}
{{- $release := .Release.Name | trimSuffix "-operator" }}
{{- $name = contains "vitrine" $release | ternary $release (printf "%s-vitrine" $release) }}
{{- $name = printf "%s-operator" ($name | trunc 40 | trimSuffix "-") }}
{{- end }}
{{- $name }}
{{- end }}

{{/* Name of objects that are of no namespace: another release may have the same name elsewhere. */}}
{{- define "vitrine.clusterName" -}}
{{ .Release.Namespace }}:{{ include "vitrine.operator" . }}
{{- end }}

{{- define "vitrine.selectorLabels" -}}
app.kubernetes.io/name: vitrine-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "vitrine.labels" -}}
{{ include "vitrine.selectorLabels" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: vitrine
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "vitrine.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "vitrine.operator" .) "default") }}
{{- end }}

{{/* An image of `.image`, of the chart's registry and version where it says nothing else. */}}
{{- define "vitrine.image" -}}
{{- with .root.Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}
{{- .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* The namespaces that are looked after, as JSON: {"names": […]}. */}}
{{- define "vitrine.namespaces" -}}
{{- dict "names" (.Values.watch.namespaces | default (list .Release.Namespace) | uniq) | toJson }}
{{- end }}

{{/*
What the operator does where it looks after resources. `.namespace`: the one that it may ask the end of;
empty: all.
*/}}
{{- define "vitrine.rules" -}}
# Reads what people want, puts its finalizer on it, and says what came of it.
- apiGroups: [vitrine.dev]
  resources: [assetlibraries, embeddingjobs]
  verbs: [get, list, watch, patch]
- apiGroups: [vitrine.dev]
  resources: [assetlibraries/status, embeddingjobs/status]
  verbs: [patch]
# Some API servers ask for this of whoever names an owner that waits for what it owns.
- apiGroups: [vitrine.dev]
  resources: [assetlibraries/finalizers, embeddingjobs/finalizers]
  verbs: [update]
# Makes the Jobs of a run, each once, and removes those of a run that is cancelled.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
# Reads the last words of their pods, and why one does not start.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# The configuration of a run; it is not read again.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create, delete]
# What pods of runs may reach: applied, which is a patch that creates.
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# In a namespace that ends, no clean-up can run.
- apiGroups: [""]
  resources: [namespaces]
  {{- with .namespace }}
  resourceNames: [{{ . }}]
  {{- end }}
  verbs: [get]
{{- end }}
