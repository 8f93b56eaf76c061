"""What the three providers' batches say of one request, and their errors, as the SDKs' types and public reports have it;
and how what they are sent is unpacked.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any


def total(prompt: str) -> str:
    a, _, b, *_ = prompt.split()
    return str(int(a) + int(b))


def text_of(prompt: str, fate: str) -> str:
    return f"{total(prompt)}\u2028" if fate == "odd" else total(prompt)


def message(prompt: str, fate: str, model: str, usage: tuple[int, int]) -> dict[str, Any]:
    refused = fate == "refusal"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [] if refused else [{"type": "text", "text": text_of(prompt, fate), "citations": None}],
        "stop_reason": {"refusal": "refusal", "truncated": "max_tokens"}.get(fate, "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": usage[0], "output_tokens": usage[1], "service_tier": "batch"},
    }


def response(prompt: str, fate: str, model: str, usage: tuple[int, int], made: int) -> dict[str, Any]:
    refused, cut = fate == "refusal", fate == "truncated"
    part = {"type": "refusal", "refusal": "No."} if refused else {"type": "output_text", "text": text_of(prompt, fate)}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": made,
        "model": model,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": [{"type": "message", "id": "m", "role": "assistant", "content": [part]}],
        "usage": {"input_tokens": usage[0], "output_tokens": usage[1], "total_tokens": sum(usage)},
    }


def generated(prompt: str, fate: str, model: str, usage: tuple[int, int]) -> dict[str, Any]:
    reason = {"refusal": "SAFETY", "truncated": "MAX_TOKENS"}.get(fate, "STOP")
    content = {"content": {"role": "model", "parts": [{"text": text_of(prompt, fate)}]}} if fate != "refusal" else {}
    return {
        "candidates": [{**content, "finishReason": reason}],
        "usageMetadata": {"promptTokenCount": usage[0], "candidatesTokenCount": usage[1]},
        "modelVersion": model,
        "responseId": "r1",
        "aFieldThatNoSdkKnows": 1,
    }


def message_result(key: str, prompt: str, fate: str, model: str, usage: tuple[int, int]) -> dict[str, Any]:
    names = {"bad": "invalid_request_error", "overloaded": "overloaded_error"}
    if fate in names:
        error = {"type": "error", "error": {"type": names[fate], "message": "no"}, "request_id": "r"}
        return {"custom_id": key, "result": {"type": "errored", "error": error}}
    if fate in {"expired", "canceled"}:
        return {"custom_id": key, "result": {"type": fate}}
    body = {"type": "message"} if fate == "broken" else message(prompt, fate, model, usage)
    return {"custom_id": key, "result": {"type": "succeeded", "message": body}}


def response_line(key: str, prompt: str, fate: str, model: str, usage: tuple[int, int], made: int) -> dict[str, Any]:
    line: dict[str, Any] = {"id": "batch_req_1", "custom_id": key, "response": None, "error": None}
    if fate in {"expired", "canceled"}:
        code = "batch_expired" if fate == "expired" else "batch_cancelled"
        return line | {"error": {"code": code, "message": "This request could not be executed in time."}}
    status = {"bad": 400, "overloaded": 503}.get(fate, 200)
    body = error_of("openai", status) if status != 200 else response(prompt, fate, model, usage, made)
    if fate == "broken":
        body = {"object": "response"}
    return line | {"response": {"status_code": status, "request_id": "r", "body": body}}


def inlined(key: str, prompt: str, fate: str, model: str, usage: tuple[int, int], *, keyless: bool) -> dict[str, Any]:
    reply: dict[str, Any] = {} if keyless else {"metadata": {"key": key}}
    codes = {"bad": 3, "overloaded": 14, "expired": 1, "canceled": 1}
    if fate in codes:
        return reply | {"error": {"code": codes[fate], "message": "no"}}
    return reply | {"response": {} if fate == "broken" else generated(prompt, fate, model, usage)}


def error_of(provider: str, status: int, words: str = "no") -> dict[str, Any]:
    names = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
    if provider == "google":
        return {"error": {"code": status, "status": f"E{status}", "message": words}}
    return {"type": "error", "error": {"type": names.get(status, "api_error"), "message": words}}


def uploaded(kind: str, body: bytes) -> bytes:
    boundary = b"--" + kind.split("boundary=")[1].strip('"').encode()
    part = next(part for part in body.split(boundary) if b'name="file"' in part)
    return part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")


def received(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("transfer-encoding") != "chunked":
        return handler.rfile.read(int(handler.headers["content-length"] or 0))
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body
