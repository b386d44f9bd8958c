"""Language models behind one interface: an OpenAI-compatible endpoint, and a circuit breaker around any model.

Nothing else in the product knows the ``openai`` client; its failures leave here as ``ModelError`` and its kinds.
"""

from rag.llm.breaker import CircuitBreaker
from rag.llm.openai_model import OpenAIModel, Timeouts, Usage

__all__ = ["CircuitBreaker", "OpenAIModel", "Timeouts", "Usage"]
