"""Two candidates and a few minutes of traffic, as files."""

CANDIDATES = """
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: fixed, namespace: default}
spec:
  model: {source: "hf://meta-llama/Llama-3.1-8B-Instruct"}
  engine: {context: {maxTokens: 16384}}
  accelerator: {product: NVIDIA-L40S}
  replicas: 2
---
apiVersion: fairlead.dev/v1alpha1
kind: InferenceDeployment
metadata: {name: scaled, namespace: default}
spec:
  model: {source: "hf://meta-llama/Llama-3.1-8B-Instruct"}
  engine: {context: {maxTokens: 16384}}
  accelerator: {product: NVIDIA-L40S}
  scaling: {minReplicas: 1, maxReplicas: 6, policy: {name: chat}}
---
apiVersion: fairlead.dev/v1alpha1
kind: AutoscalingPolicy
metadata: {name: chat, namespace: default}
spec:
  objectives: {ttftP95: 2s, tpotP95: 100ms}
"""
