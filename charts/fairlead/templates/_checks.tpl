{{/* What the schema of the values cannot say: two values that contradict each other. */}}

{{- define "fairlead.checks" -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.name: \"\": with serviceAccount.create=false the operator would run as the namespace's default account; name the account to use" -}}
{{- end -}}
{{- $owned := dict
  "--namespaces" "watchNamespaces"
  "--webhook" "webhook.enabled"
  "--router-image" "image"
  "--engine-image" "image"
  "--image-pull-policy" "image.pullPolicy"
  "--image-pull-secret" "imagePullSecrets"
  "--cpu-image" "cpuImages"
  "--log-format" "logging.format"
  "--log-level" "logging.level"
  "--nodes-grow" "nodesGrow"
  "--products" "products"
  "--gateway-api" "rbac.gatewayAPI"
  "--autoscaler" "autoscaler.separate"
  "--decisions" "autoscaler.decisions"
  "--console-port" "console.enabled"
  "--monitoring-namespace" "serving.monitoringNamespace"
  "--lease-namespace" "the release's namespace (helm -n)"
  "--deployment" "fullnameOverride"
  "--webhook-secret" "fullnameOverride"
  "--webhook-service" "fullnameOverride"
  "--webhook-configuration" "fullnameOverride"
-}}
{{- range .Values.extraArgs -}}
{{- $flag := first (splitList "=" .) -}}
{{- if hasKey $owned $flag -}}
{{- fail (printf "extraArgs: %q: the chart sets this flag; set %s instead" . (get $owned $flag)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
