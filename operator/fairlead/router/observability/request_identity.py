"""The part of a request's record that is filled in before it goes anywhere: who sent it, and what it requests."""

from fairlead.router.observability.label_values import OTHER
from fairlead.router.observability.request_trace import RequestTrace


class RequestIdentity:
    """Who sent a request, and what it requests. All may read its fields; only its methods write them."""

    surface: str = OTHER
    request_id: str = ""
    client: str = ""
    """The client's address."""
    tenant: str = ""
    band: str = ""
    model: str = ""
    stream: bool = False
    structured: bool = False
    """It requires JSON, a schema or another grammar."""
    prompt_estimate: int = -1
    prompt: str | None = None
    """Its text, if prompts are logged."""
    bytes_in: int = 0
    traceparent: bytes | None = None
    trace: RequestTrace | None = None
    """Only for recorded traces."""

    def identify(self, request_id: str, surface: str, client: str, bytes_in: int) -> None:
        """Record its id, and where it came from."""
        self.request_id = request_id
        self.surface = surface
        self.client = client
        self.bytes_in = bytes_in

    def repeat(self, other: "RequestIdentity") -> None:
        """Record the same request, as it was read."""
        self.identify(other.request_id, other.surface, other.client, other.bytes_in)
        self.of_tenant(other.tenant, other.band)
        self.requests(other.model, stream=other.stream, structured=other.structured)

    def of_tenant(self, name: str, band: str) -> None:
        """Record whose it is."""
        self.tenant = name
        self.band = band

    def traced(self, traceparent: bytes | None, trace: RequestTrace | None = None) -> None:
        """Record the header that engines get, or the spans if its trace is recorded."""
        self.traceparent = traceparent
        self.trace = trace

    def requests(self, model: str, *, stream: bool, structured: bool) -> None:
        """Record what its body requests."""
        self.model = model
        self.stream = stream
        self.structured = structured

    def estimate(self, prompt_tokens: int) -> None:
        """Record how many tokens its prompt may have."""
        self.prompt_estimate = prompt_tokens

    def log_prompt(self, text: str) -> None:
        """Record its prompt."""
        self.prompt = text

    def upstream_traceparent(self) -> bytes | None:
        """Return the latest attempt's `traceparent`: its own span in a recorded trace, else the client's header."""
        if self.trace is None:
            return self.traceparent
        return self.trace.upstream_traceparent or self.traceparent
