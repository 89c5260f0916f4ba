{{/* Names, labels and the image, each spelt once. */}}

{{- define "fairlead.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fairlead.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "fairlead.fullname" .) -}}
{{- end -}}

{{/* The user's annotations; with products, also their digest, so that a changed price replaces the pods. */}}
{{- define "fairlead.podAnnotations" -}}
{{- $annotations := .Values.podAnnotations | default dict -}}
{{- if .Values.products -}}
{{- $annotations = merge (dict "fairlead.dev/products" (.Values.products | toJson | sha256sum)) $annotations -}}
{{- end -}}
{{- toYaml $annotations -}}
{{- end -}}

{{- define "fairlead.webhook" -}}
{{- include "fairlead.fullname" . }}-webhook
{{- end -}}

{{- define "fairlead.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "fairlead.selector" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "fairlead.autoscalerSelector" -}}
app.kubernetes.io/name: fairlead
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: autoscaler
{{- end -}}

{{/* Both: every process that decides something, and so has metrics of its own. */}}
{{- define "fairlead.processes" -}}
matchLabels:
  app.kubernetes.io/name: fairlead
  app.kubernetes.io/instance: {{ .Release.Name | quote }}
matchExpressions:
  - {key: app.kubernetes.io/component, operator: In, values: [operator, autoscaler]}
{{- end -}}

{{/* Ours win over commonLabels, so that no value can break a selector. */}}
{{- define "fairlead.labels" -}}
{{- $ours := dict
  "app.kubernetes.io/name" "fairlead"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/part-of" "fairlead"
  "app.kubernetes.io/managed-by" .Release.Service
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")
-}}
{{- merge $ours (.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{/* Where an object of the release's own namespace stands; called with a dict of root and name. */}}
{{- define "fairlead.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- include "fairlead.labels" .root | nindent 2 }}
{{- end -}}

{{- define "fairlead.subject" -}}
kind: ServiceAccount
name: {{ include "fairlead.serviceAccount" . | quote }}
namespace: {{ .Release.Namespace | quote }}
{{- end -}}

{{/* Whether the operator makes the webhook's certificate itself and writes its authority into the configuration. */}}
{{- define "fairlead.ownCertificates" -}}
{{- if and .Values.webhook.enabled (not .Values.webhook.certManager.enabled) -}}yes{{- end -}}
{{- end -}}

{{/* Whether less often than every two minutes: rules read the last five, and a scrape may be missing. */}}
{{- define "fairlead.scrapedSeldom" -}}
{{- $most := ternary 120000 (ternary 120 2 (hasSuffix "s" .)) (hasSuffix "ms" .) -}}
{{- if gt (regexFind "^[0-9]+" . | int64) (int64 $most) -}}yes{{- end -}}
{{- end -}}

{{/* A namespace where an object will be served: the first that is watched, else the one given. */}}
{{- define "fairlead.served" -}}
{{- if .root.Values.watchNamespaces -}}{{ first .root.Values.watchNamespaces }}{{- else -}}{{ .other }}{{- end -}}
{{- end -}}
