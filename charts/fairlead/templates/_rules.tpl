{{/*
What the operator may do, in one place. No wildcard, no listing of Secrets, no exec.
To grant a router its Role (pods, and ConfigMaps of a gateway: get, list, watch) the operator must hold the same
rights itself; it does.
*/}}

{{/* In every namespace it serves. */}}
{{- define "fairlead.rules" -}}
- apiGroups: [fairlead.dev]
  resources: [inferencedeployments, autoscalingpolicies, inferencegateways, evaluations]
  verbs: [get, list, watch]
- apiGroups: [fairlead.dev]  # no object names them, so none is read by its name
  resources: [adapters]
  verbs: [list, watch]
- apiGroups: [fairlead.dev]
  resources: [inferencedeployments/status, autoscalingpolicies/status, inferencegateways/status, evaluations/status, adapters/status]
  verbs: [patch]
- apiGroups: [fairlead.dev]  # where owner references are guarded (OpenShift), a child that blocks its owner's deletion needs it
  resources: [inferencedeployments/finalizers, inferencegateways/finalizers]
  verbs: [update]
- apiGroups: [apps]  # daemonsets: what holds images on nodes, with spec.prePull
  resources: [deployments, daemonsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services, configmaps, serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]  # patch: the cost of deleting a pod decides which one goes; create, delete: checks without a GPU
  resources: [pods]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]  # why an engine of several processes ended, where its termination message does not say
  resources: [pods/log]
  verbs: [get]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- if .Values.rbac.gatewayAPI }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
{{- if .Values.rbac.secrets }}
- apiGroups: [""]  # those that objects refer to, by name; those by which routers know each other are made
  resources: [secrets]
  verbs: [get, create, patch]
{{- end }}
{{- end -}}

{{/* In its own namespace. */}}
{{- define "fairlead.ownRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [get, create, update{{ if .Values.autoscaler.separate }}, list, delete{{ end }}]  # members see each other
- apiGroups: [apps]  # its own: its Leases and the webhook's Secret are removed with it
  resources: [deployments]
  resourceNames: [{{ include "fairlead.fullname" . }}{{ if .Values.autoscaler.separate }}, {{ include "fairlead.fullname" . }}-autoscaler{{ end }}]
  verbs: [get]
- apiGroups: [""]  # by which routers know the operator
  resources: [secrets]
  resourceNames: [fairlead-routers]
  verbs: [get]
- apiGroups: [""]  # what does not exist yet has no name to be granted by
  resources: [secrets]
  verbs: [create]
{{- if .Values.webhook.enabled }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "fairlead.webhook" . }}]
  verbs: [get{{ if include "fairlead.ownCertificates" . }}, update{{ end }}]
{{- end }}
{{- end -}}

{{/* Outside namespaces. */}}
{{- define "fairlead.clusterRules" -}}
{{- if .Values.rbac.nodes }}
- apiGroups: [""]
  resources: [nodes]
  verbs: [list, watch]
- apiGroups: [scheduling.k8s.io]  # how many GPUs a deployment of a higher priority can take from others
  resources: [priorityclasses]
  verbs: [list, watch]
{{- end }}
{{- if .Values.console.enabled }}
- apiGroups: [authentication.k8s.io]  # who reads the console
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]  # and what they may read
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- if include "fairlead.ownCertificates" . }}
- apiGroups: [admissionregistration.k8s.io]  # its own, to write the authority it made
  resources: [validatingwebhookconfigurations]
  resourceNames: [{{ include "fairlead.fullname" . }}]
  verbs: [get, patch]
{{- end }}
{{- end -}}
