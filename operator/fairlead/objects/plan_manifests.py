"""The manifests of a proposed fleet, ready for `kubectl apply`."""

from fairlead.api.kinds import API_VERSION, DEPLOYMENT
from fairlead.fleet.capacity_plan import FleetProposal
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.objects.manifest import Manifest


def deployment(name: str, source: str, proposal: FleetProposal) -> Manifest:
    """Build one InferenceDeployment, with only what differs from the defaults."""
    configuration = proposal.configuration
    engine: Manifest = {
        "context": {"maxTokens": configuration.context},
        "batching": {"maxSequences": proposal.supply.concurrent},
    }
    if quantization := _quantization(configuration.weights, configuration.kv):
        engine["quantization"] = quantization
    spec: Manifest = {
        "model": {"source": source},
        "engine": engine,
        "accelerator": {"product": configuration.product},
        "replicas": proposal.replicas,
    }
    if configuration.parallelism.tensor > 1:
        spec["parallelism"] = {"tensor": configuration.parallelism.tensor}
    return {"apiVersion": API_VERSION, "kind": DEPLOYMENT.name, "metadata": {"name": name}, "spec": spec}


def _quantization(weights: WeightFormat, kv: KvFormat) -> Manifest:
    """Return only what has to be set: the engine reads the checkpoint's own quantization by itself."""
    found: Manifest = {}
    if weights is WeightFormat.FP8_PER_TENSOR:
        found["weights"] = weights.value
    if kv is not KvFormat.AUTO:
        found["kvCache"] = kv.value
    return found
