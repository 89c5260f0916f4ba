{{/* What the schema of the values cannot say: two values that contradict each other, or one without effect. */}}

{{- define "fairlead.checks" -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.name: \"\": with serviceAccount.create=false the operator would run as the namespace's default account; name the account to use" -}}
{{- end -}}
{{- $name := include "fairlead.fullname" . -}}
{{- $services := or .Values.webhook.enabled .Values.metrics.service (and .Values.console.enabled .Values.console.service) -}}
{{- if and $services (not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name)) -}}
{{- fail (printf "fullnameOverride: all objects would have the name %q, which no Service may have; set it to small letters, digits and dashes, with a letter first" $name) -}}
{{- end -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" $name) -}}
{{- fail (printf "fullnameOverride: all objects would have the name %q, which no Deployment may have; set it to small letters, digits, dashes and dots, with a letter or a digit first and last" $name) -}}
{{- end -}}
{{- if ne (toYaml $name) $name -}}
{{- fail (printf "fullnameOverride: all objects would have the name %q, which YAML reads as a number, a date, a boolean or null; set it to a name that is none of these, such as \"fairlead-%s\"" $name $name) -}}
{{- end -}}
{{- $v := .Values -}}
{{- if and (eq $v.webhook.failurePolicy "Fail") (not $v.webhook.enabled) -}}
{{- fail "webhook.failurePolicy: Fail: with webhook.enabled=false no object is reviewed, so bad ones are stored; set webhook.enabled=true, or leave failurePolicy out" -}}
{{- end -}}
{{- if and $v.networkPolicy.metricsFrom (not $v.networkPolicy.enabled) -}}
{{- fail "networkPolicy.metricsFrom: with networkPolicy.enabled=false every pod may still read the operator's metrics; set networkPolicy.enabled=true too, or leave metricsFrom out" -}}
{{- end -}}
{{- if and $v.console.service (not $v.console.enabled) -}}
{{- fail "console.service: true: with console.enabled=false there is no console to serve; set console.enabled=true too, or leave service out" -}}
{{- end -}}
{{- if and $v.webhook.certManager.enabled (not $v.webhook.enabled) -}}
{{- fail "webhook.certManager.enabled: true: with webhook.enabled=false there is no webhook to certify; set webhook.enabled=true, or certManager.enabled=false" -}}
{{- end -}}
{{- if and $v.webhook.certManager.issuer.name (not $v.webhook.certManager.enabled) -}}
{{- fail (printf "webhook.certManager.issuer.name: %q: with webhook.certManager.enabled=false the operator issues the certificate itself; set webhook.certManager.enabled=true too, or leave issuer out" $v.webhook.certManager.issuer.name) -}}
{{- end -}}
{{- if and $v.serving.podMonitor.namespaces (not $v.serving.podMonitor.enabled) -}}
{{- fail "serving.podMonitor.namespaces: with serving.podMonitor.enabled=false nothing is scraped; set serving.podMonitor.enabled=true too, or leave namespaces out" -}}
{{- end -}}
{{- $named := dict -}}
{{- range $at, $one := $v.products -}}
{{- if eq $one.product "CPU" -}}
{{- fail (printf "products[%d].product: CPU is not a GPU; the memory of a replica on it is spec.accelerator.memory; leave this entry out" $at) -}}
{{- end -}}
{{- if hasKey $named $one.product -}}
{{- fail (printf "products[%d].product: %s is there twice; write it once" $at $one.product) -}}
{{- end -}}
{{- $_ := set $named $one.product true -}}
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
  "--assigned-users" "assignedUsers"
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
{{- $fixed := list "--host" "--health-port" "--metrics-port" "--webhook-port" -}}
{{- $free := list "--decide-seconds" "--identity" "--lease-seconds" -}}
{{- $value := false -}}  {{- /* of the flag before it, where both are words of their own */}}
{{- range .Values.extraArgs -}}
{{- $flag := first (splitList "=" .) -}}
{{- if has $flag $fixed -}}
{{- fail (printf "extraArgs: %q: the chart's probes, Services and monitors rely on the usual address and ports, and the pod would never be ready; leave it out" .) -}}
{{- end -}}
{{- if hasKey $owned $flag -}}
{{- fail (printf "extraArgs: %q: the chart sets this flag; set %s instead" . (get $owned $flag)) -}}
{{- end -}}
{{- $own := has $flag $free -}}
{{- if not (or $own (and $value (not (hasPrefix "-" .)))) -}}
{{- fail (printf "extraArgs: %q: the operator knows no such flag and would end at once; there are %s, each with its value after = or as the next word" . (join ", " $free)) -}}
{{- end -}}
{{- $value = and $own (not (contains "=" .)) -}}
{{- end -}}
{{- end -}}
