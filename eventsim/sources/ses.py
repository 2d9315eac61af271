"""
SES: an e-mail that was received, and what becomes of it after the function answered.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html
https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda.html
(A rule invokes its function asynchronously, or waits for it for 30 seconds: then ``disposition``
says whether the next actions and rules follow. The e-mail itself is not in the event.)

Where AWS is silent: when the function fails, or answers no disposition, the e-mail goes on.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from eventsim.rules.arns import arn
from eventsim.rules.timestamps import iso_milliseconds, mail_date
from eventsim.sources._contract import Broken, object_of, one_of
from eventsim.types import Answer, InvocationType, InvokeResult, Scene

INVOCATION_TYPES: tuple[InvocationType, ...] = ("Event", "RequestResponse")
PRINCIPAL = "ses.amazonaws.com"
DISPOSITIONS = ("CONTINUE", "STOP_RULE", "STOP_RULE_SET")

Verdict = Literal["PASS", "FAIL", "GRAY", "PROCESSING_FAILED"]
Waits = Annotated[Literal["Event", "RequestResponse"], "whether the rule waits for the function"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def message(
    scene: Scene,
    *,
    sender: Annotated[str, "the address it is from"] = "jane@example.com",
    recipients: Annotated[list[str] | None, "the addresses that the rule is for"] = None,
    subject: Annotated[str, "of the e-mail"] = "Your order has shipped",
    spam: Annotated[Verdict, "spamVerdict"] = "PASS",
    virus: Annotated[Verdict, "virusVerdict"] = "PASS",
    spf: Annotated[Verdict, "spfVerdict"] = "PASS",
    dkim: Annotated[Verdict, "dkimVerdict"] = "PASS",
    dmarc: Annotated[Verdict, "dmarcVerdict"] = "PASS",
    dmarc_policy: Annotated[
        Literal["none", "quarantine", "reject"], "what the sender asks for when DMARC fails"
    ] = "reject",
    function: Annotated[str, "the function's name, in the action"] = "consumer",
    invocation_type: Waits = "Event",
) -> dict[str, Any]:
    """An e-mail was received."""
    to = recipients or ["orders@example.org"]
    verdicts: dict[str, Any] = {
        "spamVerdict": {"status": spam},
        "virusVerdict": {"status": virus},
        "spfVerdict": {"status": spf},
        "dkimVerdict": {"status": dkim},
        "dmarcVerdict": {"status": dmarc},
        **({"dmarcPolicy": dmarc_policy} if dmarc == "FAIL" else {}),
    }
    return {
        "Records": [
            {
                "eventSource": "aws:ses",
                "eventVersion": "1.0",
                "ses": {
                    "mail": _mail(scene, sender, to, subject),
                    "receipt": {
                        "timestamp": iso_milliseconds(scene.at),
                        "processingTimeMillis": scene.number(200, 900),
                        "recipients": list(to),
                        **verdicts,
                        "action": {
                            "type": "Lambda",
                            "functionArn": arn(
                                "lambda", scene.region, scene.account, f"function:{function}"
                            ),
                            "invocationType": invocation_type,
                        },
                    },
                },
            }
        ]
    }


EVENTS = (message,)


def source_arn(event: dict[str, Any], scene: Scene) -> str:
    """The ARN of the receipt rule, of the set that is active by default."""
    rule = "receipt-rule-set/default-rule-set:receipt-rule/to-function"
    return arn("ses", scene.region, scene.account, rule)


def answer(result: InvokeResult, event: dict[str, Any]) -> Answer:
    """The disposition, as ``value``; the e-mail goes on where there is none."""
    try:
        return Answer(True, one_of(object_of(result), "disposition", DISPOSITIONS))
    except Broken as broken:
        return Answer(False, "CONTINUE", str(broken))


def _mail(scene: Scene, sender: str, to: list[str], subject: str) -> dict[str, Any]:
    date, mail_id = mail_date(scene.at), f"<{scene.letters(32, _LETTERS)}@mail.example.com>"
    received = f"from mail.example.com (mail.example.com [203.0.113.{scene.number(1, 254)}])"
    headers = {
        "Return-Path": f"<{sender}>",
        "Received": f"{received} by inbound-smtp.{scene.region}.amazonaws.com; {date}",
        "From": sender,
        "To": ", ".join(to),
        "Subject": subject,
        "Date": date,
        "Message-ID": mail_id,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
    }
    return {
        "timestamp": iso_milliseconds(scene.at),
        "source": sender,
        "messageId": scene.letters(40, _LETTERS),
        "destination": list(to),
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "commonHeaders": {
            "returnPath": sender,
            "from": [sender],
            "date": date,
            "to": list(to),
            "messageId": mail_id,
            "subject": subject,
        },
    }
