{{/* At most 50 characters: names of what belongs to it are longer. */}}
{{- define "perijove.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "perijove.selector" -}}
app.kubernetes.io/name: perijove
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "perijove.labels" -}}
{{ include "perijove.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "perijove.kernelNamespace" -}}
{{- .Values.kernelNamespace | default .Release.Namespace -}}
{{- end -}}

{{/* The label by which the server knows its kernels: their namespace may have others'. */}}
{{- define "perijove.instance" -}}
{{- if eq (include "perijove.kernelNamespace" .) .Release.Namespace -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s.%s" .Release.Namespace .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "perijove.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "perijove.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name: which one, if none is to be made" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "perijove.tokenSecret" -}}
{{- .Values.token.existingSecret | default (printf "%s-token" (include "perijove.fullname" .)) -}}
{{- end -}}

{{- define "perijove.notebooksClaim" -}}
{{- .Values.notebooks.persistence.existingClaim | default (printf "%s-notebooks" (include "perijove.fullname" .)) -}}
{{- end -}}

{{- define "perijove.stateClaim" -}}
{{- .Values.state.persistence.existingClaim | default (printf "%s-state" (include "perijove.fullname" .)) -}}
{{- end -}}

{{/* What of notebooks.rootDir is there for all: the part before {username}. */}}
{{- define "perijove.notebooksMount" -}}
{{- $root := .Values.notebooks.rootDir -}}
{{- if contains "{username}" $root -}}
{{- dir (regexReplaceAll "\\{username\\}.*$" $root "x") -}}
{{- else -}}
{{- $root -}}
{{- end -}}
{{- end -}}

{{/* A kernelspec, in whose pods notebooks lie at the path that the server has them at. */}}
{{- define "perijove.kernelspec" -}}
{{- $spec := deepCopy .spec -}}
{{- $values := .root.Values -}}
{{- $provisioner := dig "metadata" "kernel_provisioner" dict $spec -}}
{{- if and (eq (get $provisioner "provisioner_name") "kubernetes") (eq $values.mode "lab") $values.notebooks.persistence.enabled $values.notebooks.inKernels -}}
{{- $config := get $provisioner "config" -}}
{{- $mount := include "perijove.notebooksMount" .root -}}
{{- $mounted := dict "name" "notebooks" "mountPath" $values.notebooks.rootDir -}}
{{- if ne $mount $values.notebooks.rootDir -}}
{{- $_ := set $mounted "subPath" (trimPrefix "/" (trimPrefix $mount $values.notebooks.rootDir)) -}}
{{- end -}}
{{- $volume := dict "name" "notebooks" "persistentVolumeClaim" (dict "claimName" (include "perijove.notebooksClaim" .root)) -}}
{{- $_ := set $config "volumes" (append (get $config "volumes" | default list) $volume) -}}
{{- $_ := set $config "volumeMounts" (append (get $config "volumeMounts" | default list) $mounted) -}}
{{- end -}}
{{- toPrettyJson $spec -}}
{{- end -}}
