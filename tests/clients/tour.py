"""Goes token, lookup, verify, receipt with the client that openapi-python-client generated, and prints what came.

usage: tour.py FOLDER_OF_THE_PACKAGE ADDRESS CLIENT SECRET CODE
"""

import json
import sys

folder, address, client_id, secret, code = sys.argv[1:]
sys.path.insert(0, folder)

from elicense_client import AuthenticatedClient, Client  # noqa: E402
from elicense_client.api.lookups import lookup, receipt  # noqa: E402
from elicense_client.api.oauth2 import token  # noqa: E402
from elicense_client.api.verifications import verify, verify_brought  # noqa: E402
from elicense_client.models import (  # noqa: E402
    Ask,
    AskedHolder,
    BroughtDocument,
    CodeType,
    LookupAnswer,
    Problem,
    Purpose,
    Receipt,
    TokenAnswer,
    TokenRefusal,
    TokenRequest,
    VerifyAnswer,
    VerifyAsk,
)


def expect(kind, answer):
    if not isinstance(answer, kind):
        sys.exit(f"expected {kind.__name__}, got {answer!r}")
    return answer


def asked(**credentials):
    body = TokenRequest(grant_type="client_credentials", **credentials)
    with Client(base_url=address) as anybody:
        return token.sync(client=anybody, body=body)


refusal = expect(TokenRefusal, asked(client_id=client_id, client_secret="wrong"))
granted = expect(TokenAnswer, asked(client_id=client_id, client_secret=secret))
purpose = Purpose(item="A1", reason="窗口办理")


def ask(number):
    return Ask(holder=AskedHolder(type_=CodeType("111"), code=number), purpose=purpose)


with AuthenticatedClient(base_url=address, token=granted.access_token) as signed_in:
    answer = expect(LookupAnswer, lookup.sync(client=signed_in, body=ask(code)))
    wrong = expect(Problem, lookup.sync(client=signed_in, body=ask(code[:-1] + "0")))
    envelope = answer.records[0].envelope
    verified = expect(VerifyAnswer, verify.sync(client=signed_in, body=VerifyAsk(envelope=envelope, purpose=purpose)))
    handed = answer.receipt
    fetched = expect(Receipt, receipt.sync(client=signed_in, log=handed.log, index=handed.index))

with Client(base_url=address) as anybody:
    brought = BroughtDocument.from_dict({"receipt": fetched.to_dict()})
    held = expect(VerifyAnswer, verify_brought.sync(client=anybody, body=brought))

print(
    json.dumps(
        {
            "refused": refusal.error.value,
            "records": [record.verdict.value for record in answer.records],
            "wrong": [wrong.status, wrong.code.value, wrong.rule.value],
            "verified": [verified.what.value, verified.verdict.value],
            "receipt": [fetched.log, fetched.index, fetched.entry == handed.entry],
            "held": [held.what.value, held.verdict.value],
        }
    )
)
