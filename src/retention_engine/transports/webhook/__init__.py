"""Webhooks after the Standard Webhooks specification: sent signed to public hosts only, and verified when received."""

from retention_engine.transports.webhook.guard import Target, check_url, is_public, resolve_host, target_of
from retention_engine.transports.webhook.signing import LARGEST_BODY, TOLERANCE, Signer, signature, verify_webhook
from retention_engine.transports.webhook.transport import (
    AsyncWebhookTransport,
    WebhookCode,
    WebhookTransport,
    payload_of,
    webhook_outcome,
)

__all__ = [
    "LARGEST_BODY",
    "TOLERANCE",
    "AsyncWebhookTransport",
    "Signer",
    "Target",
    "WebhookCode",
    "WebhookTransport",
    "check_url",
    "is_public",
    "payload_of",
    "resolve_host",
    "signature",
    "target_of",
    "verify_webhook",
    "webhook_outcome",
]
